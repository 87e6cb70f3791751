import type { JsSDKSignature, WechatOAuth, WechatOAuthOptions } from '@wechat-auth/wechat-oauth'
import type { Sandbox } from '@wechat-auth/wechat-sandbox'
import { apps, type RecordingStore } from './harness.js'
import type { Facts, Step } from './wechat-faults.js'

const {
  mp: { appId: mp },
  miniprogram: { appId: miniprogram },
} = apps

export interface Bench {
  sandbox: Sandbox
  client: WechatOAuth
  store: RecordingStore
}

export interface ClientCall {
  title: string
  step: Step
  app: keyof typeof apps
  options?: Partial<WechatOAuthOptions>
  /** Does what comes before, and gives the call in which the fault then happens. */
  prepare: (bench: Bench) => Promise<() => Promise<unknown>> | (() => Promise<unknown>)
  /** Whether the result is what it should be. */
  isGood: (result: unknown, facts: Facts) => boolean
}

const codeOf = (sandbox: Sandbox): string => sandbox.issueCode({ appId: mp, user: 'alice' })
const isOfTheUser = (result: unknown, { openid }: Facts): boolean =>
  (result as { openid?: unknown }).openid === openid
const isToken = (result: unknown): boolean =>
  typeof (result as { access_token?: unknown }).access_token === 'string'
const qrCode = { action_name: 'QR_STR_SCENE', action_info: { scene: { scene_str: 'table-7' } } } as const

/** A user with a session_key, of an app with a token. */
async function miniProgramUser({ client, sandbox }: Bench): Promise<string> {
  await client.getClientAccessToken()
  return (await client.code2Session(sandbox.wxLogin({ appId: miniprogram, user: 'alice' }))).openid
}

export const clientCalls: ClientCall[] = [
  {
    title: 'getAccessToken',
    step: 'exchange',
    app: 'mp',
    prepare: ({ client, sandbox }) => {
      const code = codeOf(sandbox)
      return () => client.getAccessToken(code)
    },
    isGood: isOfTheUser,
  },
  {
    title: 'getUserByCode, exchanging the code',
    step: 'exchange',
    app: 'mp',
    prepare: ({ client, sandbox }) => {
      const code = codeOf(sandbox)
      return () => client.getUserByCode(code)
    },
    isGood: isOfTheUser,
  },
  {
    title: 'getUserByCode, reading the user',
    step: 'userinfo',
    app: 'mp',
    prepare: ({ client, sandbox }) => {
      const code = codeOf(sandbox)
      return () => client.getUserByCode(code)
    },
    isGood: isOfTheUser,
  },
  {
    title: 'refreshAccessToken',
    step: 'refresh',
    app: 'mp',
    prepare: async ({ client, sandbox }) => {
      const { refresh_token: refreshToken = '' } = await client.getAccessToken(codeOf(sandbox))
      return () => client.refreshAccessToken(refreshToken)
    },
    isGood: isOfTheUser,
  },
  {
    title: 'getUser',
    step: 'userinfo',
    app: 'mp',
    prepare: async ({ client, sandbox }) => {
      const { openid } = await client.getAccessToken(codeOf(sandbox))
      return () => client.getUser(openid)
    },
    isGood: isOfTheUser,
  },
  {
    title: 'getUser, refreshing the expired token',
    step: 'renewal',
    app: 'mp',
    prepare: async ({ client, sandbox }) => {
      const { openid } = await client.getAccessToken(codeOf(sandbox))
      sandbox.clock.advance(3 * 3600 * 1000)
      return () => client.getUser(openid)
    },
    isGood: isOfTheUser,
  },
  {
    title: 'getUserByToken',
    step: 'userinfo',
    app: 'mp',
    prepare: async ({ client, sandbox }) => {
      const token = await client.getAccessToken(codeOf(sandbox))
      return () => client.getUserByToken(token)
    },
    isGood: isOfTheUser,
  },
  {
    title: 'verifyToken',
    step: 'auth',
    app: 'mp',
    prepare: async ({ client, sandbox }) => {
      const { openid, access_token: accessToken } = await client.getAccessToken(codeOf(sandbox))
      return () => client.verifyToken(openid, accessToken)
    },
    isGood: (result) => result === true,
  },
  {
    title: 'code2Session',
    step: 'session',
    app: 'miniprogram',
    prepare: ({ client, sandbox }) => {
      const code = sandbox.wxLogin({ appId: miniprogram, user: 'alice' })
      return () => client.code2Session(code)
    },
    isGood: isOfTheUser,
  },
  {
    title: 'getClientAccessToken',
    step: 'stable',
    app: 'mp',
    prepare:
      ({ client }) =>
      () =>
        client.getClientAccessToken(),
    isGood: isToken,
  },
  {
    title: 'getClientAccessToken of the classic kind',
    step: 'classic',
    app: 'mp',
    options: { clientCredential: 'classic' },
    prepare:
      ({ client }) =>
      () =>
        client.getClientAccessToken(),
    isGood: isToken,
  },
  {
    title: 'jsSDKSign',
    step: 'ticket',
    app: 'mp',
    prepare: async ({ client }) => {
      await client.getClientAccessToken()
      return () => client.jsSDKSign('http://127.0.0.1/page')
    },
    isGood: (result, { sandbox }) => sandbox.checkJsSdkSignature(result as JsSDKSignature) === 'ok',
  },
  {
    title: 'getQRCodeTicket',
    step: 'qrcode',
    app: 'mp',
    prepare: async ({ client }) => {
      await client.getClientAccessToken()
      return () => client.getQRCodeTicket(qrCode)
    },
    isGood: (result) => typeof (result as { ticket: unknown }).ticket === 'string',
  },
  {
    title: 'getQRCodeByTicket',
    step: 'image',
    app: 'mp',
    prepare: async ({ client }) => {
      const { ticket } = await client.getQRCodeTicket(qrCode)
      return () => client.getQRCodeByTicket(ticket)
    },
    isGood: (result) => (result as { data: Uint8Array }).data.length > 0,
  },
  {
    title: 'checkSession',
    step: 'check',
    app: 'miniprogram',
    prepare: async (bench) => {
      const openid = await miniProgramUser(bench)
      return () => bench.client.checkSession(openid)
    },
    isGood: (result) => result === true,
  },
  {
    title: 'resetSession',
    step: 'reset',
    app: 'miniprogram',
    prepare: async (bench) => {
      const openid = await miniProgramUser(bench)
      return () => bench.client.resetSession(openid)
    },
    isGood: isOfTheUser,
  },
  {
    title: 'getPhoneNumber',
    step: 'phone',
    app: 'miniprogram',
    prepare: async ({ client, sandbox }) => {
      await client.getClientAccessToken()
      const code = sandbox.issuePhoneCode({ appId: miniprogram, user: 'alice' })
      return () => client.getPhoneNumber(code)
    },
    isGood: (result) => (result as { countryCode: unknown }).countryCode === '86',
  },
]
