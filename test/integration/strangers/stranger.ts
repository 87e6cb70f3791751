import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { App, AppType, Sandbox } from '@wechat-auth/wechat-sandbox'
import type { Program } from '../../services/program.js'
import { english, readmeOf } from '../readme/markdown.js'

/** A program that runs for a while. */
export interface Stranger {
  url: string
  stop: () => Promise<void>
}

const clients = fileURLToPath(new URL('clients/', import.meta.url))

/** What a client of WeChat is given so that it finds the sandbox, and nothing else: files and variables of its README. */
export class Surroundings {
  readonly #sandbox: Sandbox
  readonly #folder: string

  private constructor(sandbox: Sandbox, folder: string) {
    this.#sandbox = sandbox
    this.#folder = folder
  }

  static async of(sandbox: Sandbox): Promise<Surroundings> {
    const folder = await mkdtemp(join(tmpdir(), 'strangers-'))
    const { blocks } = readmeOf('packages/wechat-sandbox', english)
    const recipes = blocks.flatMap(({ code }) => {
      const [, name] = /^(?:\/\/|#) ([\w-]+\.(?:cjs|py))\n/.exec(code) ?? []
      return name === undefined ? [] : [{ name, code }]
    })
    for (const { name, code } of recipes) await writeFile(join(folder, name), code)
    await writeFile(join(folder, 'wechat-sandbox.pem'), sandbox.tls!.ca)
    return new Surroundings(sandbox, folder)
  }

  /** @param modules - the folder of npm's packages, if the client is one of them */
  async node(script: string, modules = ''): Promise<Stranger> {
    const env = { NODE_EXTRA_CA_CERTS: 'wechat-sandbox.pem', NODE_PATH: modules }
    return this.#start({ path: process.execPath, env }, [
      '--require',
      './wechat-hosts.cjs',
      join(clients, script),
    ])
  }

  async python({ path, env }: Program, script: string): Promise<Stranger> {
    const trust = {
      SSL_CERT_FILE: 'wechat-sandbox.pem',
      REQUESTS_CA_BUNDLE: 'wechat-sandbox.pem',
      PYTHONDONTWRITEBYTECODE: '1',
    }
    return this.#start(
      { path, env: { ...env, ...trust, PYTHONPATH: ['.', env['PYTHONPATH'] ?? ''].join(':') } },
      [join(clients, script)],
    )
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true })
  }

  /** Resolves when the client has printed its port. It gets none of this process's variables, which may name proxies. */
  async #start({ path, env }: Program, args: string[]): Promise<Stranger> {
    const child = spawn(path, args, {
      cwd: this.#folder,
      env: {
        PATH: process.env.PATH,
        ...env,
        WECHAT_SANDBOX_PORT: String(this.#sandbox.tls!.port),
        ACCOUNTS: JSON.stringify(this.#accounts()),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let complaints = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaints += text
    })
    const closed = once(child, 'close')
    const [port] = (await Promise.race([once(child.stdout.setEncoding('utf8'), 'data'), closed])) as [unknown]
    if (typeof port !== 'string') throw new Error(`${args.at(-1)!} ended with ${String(port)}: ${complaints}`)
    return {
      url: `http://127.0.0.1:${port.trim()}`,
      stop: async () => {
        child.kill()
        await closed
      },
    }
  }

  #accounts(): Record<string, Pick<App, 'appId' | 'appSecret'>> {
    const mp = appOf(this.#sandbox, 'mp')
    return {
      mp,
      website: appOf(this.#sandbox, 'website'),
      miniprogram: appOf(this.#sandbox, 'miniprogram'),
      wrong: { ...mp, appSecret: 'wrong' },
    }
  }
}

export function appOf(sandbox: Sandbox, type: AppType): { appId: string; appSecret: string } {
  const { appId, appSecret } = sandbox.apps.find((app) => app.type === type)!
  return { appId, appSecret }
}
