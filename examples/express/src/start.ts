import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { startSandbox, type Sandbox, type SandboxApp } from '@wechat-auth/wechat-sandbox'
import { closed, listening, orAnyPort } from '../../shared/demo.js'
import { createApp, type AppOptions } from './app.js'
import { appsFrom, publicUrlFrom, type Env } from './real-wechat.js'
import { openStore, type OpenStore, type StoreName } from './token-store.js'

export interface DemoOptions {
  /** Port of the application. If it is taken, any free one. Default 0: any free one. */
  port?: number
  /** Port of the sandbox, with the same rules. */
  sandboxPort?: number
  /** Address that the application listens on. Default 127.0.0.1, which other computers cannot reach. */
  host?: string
  /** The environment with the settings for the real WeChat. Default: none, which means the sandbox. */
  env?: Env
  /** The token store. `env` contains its address. Default: in memory. */
  store?: StoreName | undefined
  /** See {@link AppOptions}. */
  logError?: AppOptions['logError']
}

export interface Demo {
  /** The address to open. */
  url: string
  /** The port that the application listens on. */
  port: number
  /** A description of the token database; absent if tokens are in memory. */
  storePlace?: string
  /** The sandbox; absent with the real WeChat. */
  sandbox?: Sandbox
  /** Stops both. Can be called more than once. */
  close: () => Promise<void>
}

/** Starts the application, and a sandbox unless the environment names apps at the real WeChat. */
export async function startDemo({
  port = 0,
  sandboxPort = 0,
  host = '127.0.0.1',
  env = {},
  store,
  logError,
}: DemoOptions = {}): Promise<Demo> {
  const realApps = appsFrom(env)
  const publicUrl = realApps && publicUrlFrom(env)
  const opened = store && (await openStore(store, env))
  const sandbox = realApps ? undefined : await orAnyPort(sandboxPort, (port) => startSandbox({ port }))
  try {
    const server = await orAnyPort(port, (port) => listening(createServer(), port, host))
    const { port: ownPort } = server.address() as AddressInfo
    const ownUrl = `http://127.0.0.1:${ownPort}`
    const app = createApp({
      ...(sandbox ? playedBy(sandbox) : { apps: realApps ?? {} }),
      publicUrl: publicUrl ?? ownUrl,
      tokenStore: opened?.tokenStore,
      ...(logError && { logError }),
    })
    server.on('request', publicUrl === undefined ? underOneName(ownUrl, app) : app)
    let closing: Promise<unknown> | undefined
    return {
      url: publicUrl ?? ownUrl,
      port: ownPort,
      ...(opened && { storePlace: opened.place }),
      ...(sandbox && { sandbox }),
      close: async () => {
        await (closing ??= closed(server).then(() => closeAll(sandbox, opened)))
      },
    }
  } catch (error) {
    await closeAll(sandbox, opened)
    throw error
  }
}

async function closeAll(sandbox: Sandbox | undefined, opened: OpenStore | undefined): Promise<void> {
  await Promise.all([sandbox?.close(), opened?.close()])
}

function playedBy(sandbox: Sandbox): Pick<AppOptions, 'apps' | 'endpoints' | 'miniProgramConsole'> {
  return {
    apps: Object.fromEntries(
      sandbox.apps.map(({ type, appId, appSecret }: SandboxApp) => [type, { appId, appSecret }]),
    ),
    endpoints: sandbox.url,
    miniProgramConsole: (loginUrl, lang) => {
      const query = new URLSearchParams({ url: loginUrl, lang: lang === 'en' ? 'en' : 'zh_CN' })
      return `${sandbox.url}/__sandbox/miniprogram?${query.toString()}`
    },
  }
}

/** Redirects `localhost` to 127.0.0.1, because WeChat sends users back to one address and the session must be there. */
function underOneName(url: string, app: RequestListener): RequestListener {
  const { host } = new URL(url)
  return (req, res) => {
    if (req.headers.host === host) app(req, res)
    else res.writeHead(307, { Location: url + (req.url ?? '/') }).end()
  }
}
