import { spawn } from 'node:child_process'
import { Socket } from 'node:net'

export interface Guardian {
  /** Nothing is left to clean up. */
  dismiss(): void
}

/**
 * Runs a shell script when this process ends, in whatever way: a process of its own waits at a pipe that ends with us.
 *
 * @param args - `$0`, `$1` … of the script
 */
export function guard(script: string, ...args: string[]): Guardian {
  const guardian = spawn(
    'sh',
    ['-c', `read -r word; if [ "$word" != dismissed ]; then ${script}; fi`, ...args],
    {
      // Not in our process group: an interrupt from the keyboard must not end it before us.
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
