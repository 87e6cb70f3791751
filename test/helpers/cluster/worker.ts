/** One process of a cluster: a client on a store that it shares with other processes. Does what `cluster.ts` asks it to. */
import { WechatOAuth } from '@wechat-auth/wechat-oauth'
import { settingsVariable, type Call, type Commands, type Message, type OpenStore, type StopPoint, type WorkerSettings } from './protocol.js'

const settings = JSON.parse(process.env[settingsVariable] ?? '{}') as WorkerSettings
const { open } = await import(`./stores/${settings.store}.js`) as { open: OpenStore }
const { store } = await open(settings.address)

let stopPoint: StopPoint | undefined
let goOn: () => void = () => undefined

const oauth = new WechatOAuth({
  ...settings.client,
  tokenStore: store,
  fetch: async (input, init) => {
    const isRefresh = new URL(input instanceof Request ? input.url : input).pathname === '/sns/oauth2/refresh_token'
    if (isRefresh) await reach('asking')
    const response = await fetch(input, init)
    if (isRefresh) await reach('answered')
    return response
  },
})

const commands: { [C in keyof Commands]: (...args: Parameters<Commands[C]>) => ReturnType<Commands[C]> | Promise<ReturnType<Commands[C]>> } = {
  getUsers: async (openid, times) => {
    const results = await Promise.allSettled(Array.from({ length: times }, () => oauth.getUser(openid)))
    return {
      users: results.filter((result) => result.status === 'fulfilled' && result.value.openid === openid).length,
      errors: results.filter((result) => result.status === 'rejected').map(({ reason }) => String(reason)),
    }
  },
  login: async (code) => (await oauth.getAccessToken(code)).openid,
  stopAt: (point) => { stopPoint = point },
  goOn: () => { goOn() },
}

async function reach(point: StopPoint): Promise<void> {
  if (stopPoint !== point) return
  stopPoint = undefined
  const gate = new Promise<void>((resolve) => { goOn = resolve })
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
// Whoever started us is gone.
process.on('disconnect', () => process.exit())
send({ type: 'ready' })
