import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from './free-port.js'
import { guard, type Guardian } from './guardian.js'
import type { Program } from './program.js'
import type { Launcher } from './server.js'

const cleanUp = `
  pid=$(cat "$0/pid" 2>/dev/null)
  if [ -n "$pid" ]; then
    kill -9 "$pid" 2>/dev/null
    for i in 1 2 3 4 5 6 7 8 9 10; do kill -0 "$pid" 2>/dev/null && sleep 0.1; done
  fi
  rm -rf "$0"`

export interface LocalProgramOptions {
  program: Program
  source: string
  args: (port: number, folder: string) => string[]
  /** Creates the files that the first start needs. */
  prepare?: (folder: string) => Promise<void>
}

/** A server process on this machine, with its own temporary folder. */
export class LocalProgram implements Launcher {
  readonly source: string
  readonly port: number
  readonly #folder: string
  readonly #options: LocalProgramOptions
  readonly #guardian: Guardian
  #process: ChildProcess | undefined
  #exit: Promise<unknown> = Promise.resolve()

  private constructor(options: LocalProgramOptions, port: number, folder: string) {
    this.source = options.source
    this.port = port
    this.#folder = folder
    this.#options = options
    this.#guardian = guard(cleanUp, folder)
  }

  static async create(options: LocalProgramOptions): Promise<LocalProgram> {
    const folder = await mkdtemp(join(tmpdir(), 'wechat-auth-'))
    const launcher = new LocalProgram(options, await freePort(), folder)
    try {
      await options.prepare?.(folder)
      return launcher
    } catch (error) {
      await launcher.remove()
      throw error
    }
  }

  async start(): Promise<void> {
    const { program, args } = this.#options
    const log = await open(this.#log, 'w')
    try {
      const child = spawn(program.path, args(this.port, this.#folder), {
        cwd: this.#folder,
        env: { ...process.env, ...program.env },
        stdio: ['ignore', log.fd, log.fd],
        // An interrupt from the keyboard must end only the tests, which may need the server to clean up; the guardian ends it.
        detached: true,
      })
      this.#exit = once(child, 'exit')
      await once(child, 'spawn')
      // Finished tests must not wait for it.
      child.unref()
      this.#process = child
      await writeFile(join(this.#folder, 'pid'), String(child.pid))
    } finally {
      await log.close()
    }
  }

  async failure(): Promise<string | undefined> {
    if (this.#isRunning()) return undefined
    const { exitCode, signalCode } = this.#process ?? {}
    const log = await readFile(this.#log, 'utf8').catch(() => '')
    return `it exited with ${String(exitCode ?? signalCode)}: ${log.trim().split('\n').slice(-5).join(' | ')}`
  }

  async kill(): Promise<void> {
    if (!this.#isRunning()) return
    this.#process?.ref()
    this.#process?.kill('SIGKILL')
    await this.#exit
    await rm(join(this.#folder, 'pid'), { force: true })
  }

  async freeze(): Promise<void> {
    const { pid } = this.#process ?? {}
    if (pid === undefined) return
    process.kill(pid, 'SIGSTOP')
    // One thread gets the signal and stops the others, which may still answer for a moment on a busy machine.
    while (!(await isStopped(pid))) await sleep(5)
  }

  async thaw(): Promise<void> {
    this.#process?.kill('SIGCONT')
    return Promise.resolve()
  }

  async remove(): Promise<void> {
    await this.kill()
    await rm(this.#folder, { recursive: true, force: true })
    this.#guardian.dismiss()
  }

  get #log(): string {
    return join(this.#folder, 'log')
  }

  #isRunning(): boolean {
    const child = this.#process
    return child !== undefined && child.exitCode === null && child.signalCode === null
  }
}

/** Waits until all threads of a process have stopped, or for a moment if the system does not show it. */
async function isStopped(pid: number): Promise<boolean> {
  const tasks = `/proc/${pid}/task`
  const threads = await readdir(tasks).catch(() => undefined)
  if (!threads) {
    await sleep(100)
    return true
  }
  const states = await Promise.all(
    threads.map(async (thread) => {
      const stat = await readFile(join(tasks, thread, 'stat'), 'utf8').catch(() => '')
      return stat.slice(stat.lastIndexOf(')') + 2)[0]
    }),
  )
  // A thread that has ended has no state.
  return states.every((state) => state === undefined || 'TtXZ'.includes(state))
}
