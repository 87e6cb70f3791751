import { spawn } from 'node:child_process'
import { Socket } from 'node:net'

export interface Guardian {
  /** Call it when nothing is left to clean up. */
  dismiss(): void
}

/**
 * Runs a shell script when this process ends for any reason. A separate process waits on a pipe that closes with this one.
 *
 * @param args - the script's `$0`, `$1` …
 */
export function guard(script: string, ...args: string[]): Guardian {
  const guardian = spawn(
    'sh',
    ['-c', `read -r word; if [ "$word" != dismissed ]; then ${script}; fi`, ...args],
    {
      // In another process group, so that an interrupt from the keyboard does not end it before this process.
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    },
  )
  guardian.unref()
  const pipe = guardian.stdin
  if (pipe instanceof Socket) pipe.unref()
  pipe.on('error', () => {})
  return {
    dismiss: () => {
      pipe.end('dismissed\n')
    },
  }
}
