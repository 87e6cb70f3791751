import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Fault } from '@wechat-auth/wechat-sandbox'
import { Subject, type SubjectOptions } from '../lib/subject.js'

export interface App {
  readonly appId: string
  readonly appSecret: string
}

interface Where {
  url: string
  ca: string
  port: number
  apps: readonly (App & { type: string })[]
}

/** A sandbox in its own process. */
export class Wechat {
  /** The address for clients that accept one. No TLS, no delay. */
  readonly url: string
  readonly app: App
  readonly #process: Subject
  readonly #folder: string
  readonly #port: number

  private constructor(process: Subject, { url, ca, port, apps }: Where) {
    const app = apps.find(({ type }) => type === 'mp')
    if (!app) throw new Error('The sandbox has no official account')
    this.#process = process
    this.url = url
    this.app = app
    this.#port = port
    this.#folder = mkdtempSync(join(tmpdir(), 'wechat-bench-'))
    writeFileSync(this.#caFile, ca)
  }

  static async start(): Promise<Wechat> {
    const process = await Subject.start(new URL('process.js', import.meta.url))
    return new Wechat(process, await process.call<Where>('where'))
  }

  get #caFile(): string {
    return join(this.#folder, 'ca.pem')
  }

  /** The environment of a process whose connections to WeChat's hosts must lead here, over TLS and with the delay. */
  get leadingHere(): Required<Pick<SubjectOptions, 'env' | 'execArgv' | 'cwd'>> {
    return {
      cwd: this.#folder,
      env: {
        NODE_EXTRA_CA_CERTS: this.#caFile,
        BENCH_WECHAT_PORT: String(this.#port),
        BENCH_APP: JSON.stringify(this.app),
        NODE_ENV: 'production',
      },
      execArgv: ['--require', fileURLToPath(new URL('route.cjs', import.meta.url))],
    }
  }

  /** Sets how many milliseconds are added to each round trip. */
  async setDelay(ms: number): Promise<void> {
    await this.#process.call('setDelay', ms)
  }

  async issueCodes(count: number): Promise<string[]> {
    return this.#process.call('issueCodes', this.app.appId, count)
  }

  /** Counts the requests to a path so far. */
  async count(path: string): Promise<number> {
    return this.#process.call('count', path)
  }

  /** Counts the TLS handshakes so far, including resumed ones. */
  async handshakes(): Promise<number> {
    const { tls } = await this.#process.call<{ tls: number }>('connections')
    return tls
  }

  /** Sets the fault of a path; `null` removes it. */
  async fail(path: string, fault: Fault | null): Promise<void> {
    await this.#process.call('fail', path, fault)
  }

  async stop(): Promise<void> {
    await this.#process.stop()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
