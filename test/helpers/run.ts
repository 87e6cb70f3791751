import { spawn, type ChildProcess } from 'node:child_process'

export interface Finished {
  code: number | null
  stdout: string
  stderr: string
}

export const root = new URL('../../', import.meta.url).pathname

/** Runs a program to its end, whatever its exit code. `env` is added to this process's environment; `undefined` removes a variable. */
export async function run(
  command: string,
  args: readonly string[],
  { cwd = root, env = {} }: { cwd?: string; env?: Record<string, string | undefined> } = {},
): Promise<Finished> {
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const finished = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    finished.stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    finished.stderr += text
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => {
      resolve({ code, ...finished })
    })
  })
}

/** The same for a program that must succeed. Rejects with its output if it fails. */
export async function runOrThrow(...[command, args, options]: Parameters<typeof run>): Promise<string> {
  const { code, stdout, stderr } = await run(command, args, options)
  if (code !== 0)
    throw new Error(`${command} ${args.join(' ')} ended with ${String(code)}\n${stdout}\n${stderr}`)
  return stdout
}

/**
 * Ends a child that was started `detached`, and all its children. A child that is left over would keep the output pipe open,
 * and this process would not exit.
 */
export function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // All of them have ended.
  }
}
