/** One process of a cluster: a client on a store that it shares with other processes. Does what `cluster.ts` asks it to. */
import { WechatOAuth, type TokenStore } from '@wechat-auth/wechat-oauth'
import {
  settingsVariable,
  type Call,
  type Commands,
  type Message,
  type OpenStore,
  type StopPoint,
  type WorkerSettings,
} from './protocol.js'

const settings = JSON.parse(process.env[settingsVariable] ?? '{}') as WorkerSettings
const { open } = (await import(`./stores/${settings.store}.js`)) as { open: OpenStore }
const { store } = await open(settings.address)

let stopPoint: StopPoint | undefined
let goOn: () => void = () => undefined
let hasAnswer = false

const withLock: NonNullable<TokenStore['withLock']> = async (...args) => {
  if (!store.withLock) throw new Error('The store has no locks')
  return store.withLock(...args)
}

/** The store, with a stop before the first visit after WeChat has answered a refresh. */
const stoppingStore: TokenStore = {
  getToken: async (openid) => {
    if (hasAnswer) {
      hasAnswer = false
      await reach('answered')
    }
    return store.getToken(openid)
  },
  saveToken: (openid, token) => store.saveToken(openid, token),
  withLock,
}

const oauth =
  settings.client &&
  new WechatOAuth({
    ...settings.client,
    tokenStore: stoppingStore,
    fetch: async (input, init) => {
      const isRefresh =
        new URL(input instanceof Request ? input.url : input).pathname === '/sns/oauth2/refresh_token'
      if (isRefresh) await reach('asking')
      const response = await fetch(input, init)
      if (isRefresh) hasAnswer = true
      return response
    },
  })

const commands: {
  [C in keyof Commands]: (
    ...args: Parameters<Commands[C]>
  ) => ReturnType<Commands[C]> | Promise<ReturnType<Commands[C]>>
} = {
  getUsers: async (openid, times) => {
    const results = await Promise.allSettled(Array.from({ length: times }, () => client().getUser(openid)))
    return {
      users: results.filter((result) => result.status === 'fulfilled' && result.value.openid === openid)
        .length,
      errors: results.filter((result) => result.status === 'rejected').map(({ reason }) => String(reason)),
    }
  },
  login: async (code) => (await client().getAccessToken(code)).openid,
  sign: (page, times) => Promise.all(Array.from({ length: times }, () => client().jsSDKSign(page))),
  stopAt: (point) => {
    stopPoint = point
  },
  goOn: () => {
    goOn()
  },
  takeLock: (key, ttl) =>
    new Promise((resolve, reject) => {
      withLock(
        key,
        () => {
          resolve()
          return new Promise(() => undefined)
        },
        { ttl },
      ).catch(reject)
    }),
}

function client(): WechatOAuth {
  if (!oauth) throw new Error('The worker was started without a client')
  return oauth
}

async function reach(point: StopPoint): Promise<void> {
  if (stopPoint !== point) return
  stopPoint = undefined
  const gate = new Promise<void>((resolve) => {
    goOn = resolve
  })
  send({ type: 'stopped', at: point })
  await gate
}

function send(message: Message): void {
  process.send?.(message)
}

async function answer({ id, command, args }: Call): Promise<void> {
  try {
    const value = await (commands[command] as (...args: unknown[]) => unknown)(...args)
    send({ type: 'answer', id, value })
  } catch (error) {
    send({ type: 'answer', id, error: String(error) })
  }
}

process.on('message', (call: Call) => void answer(call))
// The parent process has ended.
process.on('disconnect', () => process.exit())
send({ type: 'ready' })
