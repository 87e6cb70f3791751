import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { SqliteAddress } from '../../helpers/sqlite.js'

/** What `worker.ts` is told to do. */
export interface Order {
  address: SqliteAddress
  /** Save records one after the other, or keep the database to itself, in a transaction. */
  task: 'save' | 'lock'
  from: number
  to: number
}

const script = new URL('worker.ts', import.meta.url).pathname

/** A process that works on a database. */
export class Worker {
  readonly #process: ChildProcess
  readonly #end: Promise<unknown>
  /** What it has told: the numbers of the records that it has saved. */
  readonly told: number[] = []

  constructor(order: Order) {
    // With this process's own Node options: so it runs TypeScript, on sources or on built packages, as we do.
    this.#process = fork(script, [JSON.stringify(order)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    this.#end = once(this.#process, 'close')
    this.#process.on('message', (done: number) => this.told.push(done))
  }

  /** Resolves when it has told so much, or has ended. */
  async hasTold(count: number): Promise<void> {
    while (this.told.length < count && this.#process.connected)
      await Promise.race([once(this.#process, 'message'), this.#end])
  }

  /** Stops it in its tracks, as SIGSTOP does. */
  freeze(): void {
    this.#process.kill('SIGSTOP')
  }

  /** SIGKILL. Resolves when it is dead, and everything that it reported has arrived. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.#end
  }

  /** Resolves to its exit code. */
  async hasEnded(): Promise<number | null> {
    await this.#end
    return this.#process.exitCode
  }
}
