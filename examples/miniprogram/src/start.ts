import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { WechatSessions } from '@wechat-auth/wechat-session'
import { startSandbox, type Sandbox } from '@wechat-auth/wechat-sandbox'
import { closed, listening, orAnyPort } from '../../shared/demo.js'
import { createApp, type AppOptions } from './app.js'
import { openStores } from './stores.js'

export type Env = Readonly<Record<string, string | undefined>>

export interface DemoOptions {
  /** Port of the server. If it is taken, any free one. Default 0: any free one. */
  port?: number
  /** Port of the sandbox, with the same rules. */
  sandboxPort?: number
  /** Address that the server listens on. Default 127.0.0.1, which other computers cannot reach. */
  host?: string
  /** The database of sessions and users. Default `:memory:`, which is lost when the server stops. */
  file?: string
  /** The environment with the mini-program at the real WeChat. Default: none, which means the sandbox. */
  env?: Env
  /** See {@link AppOptions}. */
  logError?: AppOptions['logError']
}

export interface Demo {
  /** The address of the server. */
  url: string
  port: number
  sessions: WechatSessions
  /** The sandbox; absent with the real WeChat. */
  sandbox?: Sandbox
  /** The mini-program console of the sandbox; absent with the real WeChat. */
  consoleUrl?: string
  /** Stops everything. Can be called more than once. */
  close: () => Promise<void>
}

/** Starts the server, and a sandbox unless the environment names a mini-program at the real WeChat. */
export async function startDemo({
  port = 0,
  sandboxPort = 0,
  host = '127.0.0.1',
  file = ':memory:',
  env = {},
  logError,
}: DemoOptions = {}): Promise<Demo> {
  const registered = miniProgramFrom(env)
  const stores = await openStores(file)
  let sandbox: Sandbox | undefined
  try {
    if (!registered) sandbox = await orAnyPort(sandboxPort, (port) => startSandbox({ port }))
    const { app, sessions } = createApp({
      miniProgram: registered ?? presetOf(sandbox),
      sessionStore: stores.sessionStore,
      userStore: stores.userStore,
      endpoints: sandbox?.url,
      ...(logError && { logError }),
    })
    const server = await orAnyPort(port, (port) => listening(createServer(app), port, host))
    const { port: ownPort } = server.address() as AddressInfo
    const url = `http://127.0.0.1:${ownPort}`
    const close = async (): Promise<void> => {
      await closed(server)
      await sessions.close()
      await sandbox?.close()
      stores.close()
    }
    let closing: Promise<void> | undefined
    return {
      url,
      port: ownPort,
      sessions,
      ...(sandbox && { sandbox, consoleUrl: consoleOf(sandbox, `${url}/login`) }),
      close: () => (closing ??= close()),
    }
  } catch (error) {
    await sandbox?.close()
    stores.close()
    throw error
  }
}

/** @throws Error that names the missing variable */
function miniProgramFrom(env: Env): AppOptions['miniProgram'] | undefined {
  const { WECHAT_MINIPROGRAM_APP_ID: appId, WECHAT_MINIPROGRAM_APP_SECRET: appSecret } = env
  if (!appId && !appSecret) return undefined
  if (!appId || !appSecret) throw new Error(`WECHAT_MINIPROGRAM_APP_${appId ? 'SECRET' : 'ID'} is missing`)
  return { appId, appSecret }
}

function presetOf(sandbox: Sandbox | undefined): AppOptions['miniProgram'] {
  const app = sandbox?.apps.find(({ type }) => type === 'miniprogram')
  if (!app) throw new Error('The sandbox has no mini-program')
  return { appId: app.appId, appSecret: app.appSecret }
}

function consoleOf(sandbox: Sandbox, loginUrl: string): string {
  return `${sandbox.url}/__sandbox/miniprogram?${new URLSearchParams({ url: loginUrl }).toString()}`
}
