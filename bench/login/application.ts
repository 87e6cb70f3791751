import { Subject } from '../lib/subject.js'
import { atOnce } from '../lib/turns.js'
import type { Wechat } from '../wechat/wechat.js'
import { Browsers } from './browsers.js'

export interface Measured {
  /** Milliseconds of each login's second request, with the code: the one in which WeChat is asked. */
  latencies: number[]
  /** Milliseconds of CPU of the application per login's first request, which redirects to WeChat. */
  cpuOfRedirect: number
  /** The same, of the second request. */
  cpuOfCallback: number
  handshakes: number
}

/** An application with one of the strategies, in its own process. */
export class Application {
  readonly #process: Subject
  readonly #wechat: Wechat
  readonly #browsers: Browsers

  private constructor(process: Subject, wechat: Wechat, browsers: Browsers) {
    this.#process = process
    this.#wechat = wechat
    this.#browsers = browsers
  }

  static async start(strategy: string, wechat: Wechat): Promise<Application> {
    const process = await Subject.start(new URL('app.js', import.meta.url), {
      ...wechat.leadingHere,
      args: [strategy],
      silent: true,
    })
    return new Application(process, wechat, new Browsers(await process.call<number>('port')))
  }

  /** Logs in a number of users, several at a time: first all are redirected, then all return. */
  async logIn(count: number, width = 1): Promise<Measured> {
    const codes = await this.#wechat.issueCodes(count)
    const before = await this.#cpuTime()
    const attempts: Parameters<Browsers['comeBack']>[] = []
    await atOnce(width, codes, async (code) => {
      attempts.push([await this.#browsers.begin(), code])
    })
    const redirected = await this.#cpuTime()
    const handshakes = await this.#wechat.handshakes()
    const latencies: number[] = []
    await atOnce(width, attempts, async (attempt) => {
      latencies.push(await this.#browsers.comeBack(...attempt))
    })
    const done = await this.#cpuTime()
    return {
      latencies,
      cpuOfRedirect: (redirected - before) / count,
      cpuOfCallback: (done - redirected) / count,
      handshakes: (await this.#wechat.handshakes()) - handshakes,
    }
  }

  async stop(): Promise<void> {
    this.#browsers.close()
    await this.#process.stop()
  }

  async #cpuTime(): Promise<number> {
    return (await this.#process.call<number>('cpuTime')) / 1000
  }
}
