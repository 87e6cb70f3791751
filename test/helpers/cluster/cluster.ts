import { fork, type ChildProcess } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import {
  settingsVariable,
  type Call,
  type Commands,
  type Message,
  type StopPoint,
  type WorkerSettings,
} from './protocol.js'

const script = new URL('worker.ts', import.meta.url).pathname

/** One process of a cluster, seen from outside. */
export class ClusterWorker {
  readonly #process: ChildProcess
  readonly #events = new EventEmitter()
  readonly #exit: Promise<unknown>
  #lastId = 0

  private constructor(settings: WorkerSettings) {
    // With this process's own Node options: so it runs TypeScript, on sources or on built packages, as we do.
    this.#process = fork(script, { env: { ...process.env, [settingsVariable]: JSON.stringify(settings) } })
    this.#exit = once(this.#process, 'exit')
    this.#events.setMaxListeners(0)
    this.#process.on('message', (message: Message) => {
      this.#events.emit(message.type === 'answer' ? `answer ${message.id}` : message.type, message)
    })
    this.#process.once('exit', () => this.#events.emit('error', new Error('The worker has ended')))
    this.#events.on('error', () => undefined)
  }

  /** Resolves when its store is open. */
  static async start(settings: WorkerSettings): Promise<ClusterWorker> {
    const worker = new ClusterWorker(settings)
    await once(worker.#events, 'ready')
    return worker
  }

  /** Rejects with what the worker's call rejected with, as text, and when the worker ends before it has answered. */
  async call<C extends keyof Commands>(
    command: C,
    ...args: Parameters<Commands[C]>
  ): Promise<ReturnType<Commands[C]>> {
    this.#lastId += 1
    const sent: Call = { id: this.#lastId, command, args }
    const answered = once(this.#events, `answer ${sent.id}`) as Promise<
      [Extract<Message, { type: 'answer' }>]
    >
    this.#process.send(sent)
    const [{ value, error }] = await answered
    if (error !== undefined) throw new Error(error)
    return value as ReturnType<Commands[C]>
  }

  /** Has the next refresh stop at this point; the promise within resolves when it has got there. */
  async stopAt(point: StopPoint): Promise<{ stopped: Promise<unknown> }> {
    const stopped = once(this.#events, 'stopped')
    stopped.catch(() => undefined)
    await this.call('stopAt', point)
    return { stopped }
  }

  /** Stops the whole process in its tracks, as SIGSTOP does. */
  freeze(): void {
    this.#process.kill('SIGSTOP')
  }

  thaw(): void {
    this.#process.kill('SIGCONT')
  }

  /** SIGKILL. Resolves when it is dead. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.#exit
  }
}
