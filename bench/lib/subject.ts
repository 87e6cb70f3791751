import { fork, type ChildProcess } from 'node:child_process'
import { EventEmitter, once } from 'node:events'

export interface SubjectOptions {
  args?: readonly string[]
  env?: Readonly<Record<string, string>>
  /** Options of Node.js; a module in TypeScript needs `--import=tsx`. */
  execArgv?: readonly string[]
  /** The current folder of the process, into which some packages write. */
  cwd?: string
  /** Whether to hide its output. */
  silent?: boolean
}

interface Answer {
  id: number
  value?: unknown
  error?: string
}

/** A process that answers calls with `answer` of answer.js. */
export class Subject {
  readonly #process: ChildProcess
  readonly #answers = new EventEmitter().setMaxListeners(0)
  readonly #exit: Promise<unknown>
  #lastId = 0

  private constructor(
    module: URL,
    { args = [], env = {}, execArgv = [], cwd = process.cwd(), silent = false }: SubjectOptions,
  ) {
    this.#process = fork(module, args, {
      execArgv: [...execArgv],
      env: { ...process.env, ...env },
      cwd,
      serialization: 'advanced',
      silent,
    })
    this.#exit = once(this.#process, 'exit')
    this.#process.on('message', (answer: Answer) => this.#answers.emit(String(answer.id), answer))
    this.#process.once('exit', (code) =>
      this.#answers.emit('error', new Error(`${module.pathname} ended with ${String(code)}`)),
    )
    this.#answers.on('error', () => undefined)
  }

  /** Resolves when the process accepts calls. */
  static async start(module: URL, options: SubjectOptions = {}): Promise<Subject> {
    const subject = new Subject(module, options)
    await once(subject.#answers, '0')
    return subject
  }

  async call<T>(command: string, ...args: unknown[]): Promise<T> {
    this.#lastId += 1
    const answered = once(this.#answers, String(this.#lastId)) as Promise<[Answer]>
    this.#process.send({ id: this.#lastId, command, args })
    const [{ value, error }] = await answered
    if (error !== undefined) throw new Error(error)
    return value as T
  }

  async stop(): Promise<void> {
    this.#process.kill()
    await this.#exit
  }
}
