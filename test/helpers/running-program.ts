import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'

export interface RunningProgram {
  /** The address that the program printed. */
  url: string
  /** Everything that the program has printed. */
  printed: () => string
  stop: () => Promise<void>
}

/**
 * Starts a program, and waits until it prints its address.
 *
 * @param ready - matches what it prints; the first group is the address
 */
export async function startProgram(
  [command = '', ...args]: readonly string[],
  { cwd, env = {}, ready }: { cwd: string; env?: Record<string, string>; ready: RegExp },
): Promise<RunningProgram> {
  const child: ChildProcessByStdio<null, Readable, Readable> = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const closed = once(child, 'close')
  let output = ''
  const address = await new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text
        const [, found] = ready.exec(output) ?? []
        if (found !== undefined) resolve(found)
      })
    closed.then(() => reject(new Error(`${command} ended\n${output}`)), reject)
  })
  return {
    url: address,
    printed: () => output,
    stop: async () => {
      child.kill()
      await closed
    },
  }
}
