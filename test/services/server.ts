import { setTimeout as sleep } from 'node:timers/promises'

/** A service that tests use, at an address from the environment or started by the tests. */
export interface Service {
  readonly url: string
  readonly version: string
  /** Its source, for output. */
  readonly source: string
}

/** Runs a server on a port of the loopback interface. */
export interface Launcher {
  readonly source: string
  readonly port: number
  /** Starts it; a second start uses the same data and port. */
  start(): Promise<void>
  /** Why it is not running, if it ended without being stopped. */
  failure(): Promise<string | undefined>
  /** Ends it at once, like SIGKILL or a power failure. Its data stays. */
  kill(): Promise<void>
  freeze(): Promise<void>
  thaw(): Promise<void>
  /** Ends it and removes its data. */
  remove(): Promise<void>
}

const startUp = 60_000
const pause = 25

/** A server that belongs to one test, which may do anything to it. */
export class Server implements Service {
  readonly url: string
  readonly source: string
  readonly port: number
  #version = ''
  readonly #launcher: Launcher
  readonly #probe: (url: string) => Promise<string>

  constructor(launcher: Launcher, url: (port: number) => string, probe: (url: string) => Promise<string>) {
    this.#launcher = launcher
    this.#probe = probe
    this.source = launcher.source
    this.port = launcher.port
    this.url = url(launcher.port)
  }

  get version(): string {
    return this.#version
  }

  /** Resolves when it answers. */
  async start(): Promise<this> {
    await this.#launcher.start()
    const deadline = performance.now() + startUp
    for (;;) {
      try {
        this.#version = await this.#probe(this.url)
        return this
      } catch (error) {
        const failure = await this.#launcher.failure()
        if (failure === undefined && performance.now() < deadline) {
          await sleep(pause)
          continue
        }
        await this.#launcher.remove()
        throw new Error(`${this.source} does not start: ${failure ?? 'it does not answer'}`, { cause: error })
      }
    }
  }

  /** Ends it at once, like SIGKILL, so unwritten data is lost. Resolves when it is dead. */
  async kill(): Promise<void> {
    await this.#launcher.kill()
  }

  /** Kills it if it is running, and starts it again on the same port with the data that it had written. Resolves when it answers. */
  async restart(): Promise<void> {
    await this.#launcher.kill()
    await this.start()
  }

  /** Freezes it, like SIGSTOP: connections stay open, but nothing is answered. */
  async freeze(): Promise<void> {
    await this.#launcher.freeze()
  }

  /** Resumes it after `freeze`. */
  async thaw(): Promise<void> {
    await this.#launcher.thaw()
  }

  /** Ends it and removes its data. */
  async stop(): Promise<void> {
    await this.#launcher.remove()
  }
}
