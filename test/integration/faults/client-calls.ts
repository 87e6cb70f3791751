import type { WechatOAuth } from '@wechat-auth/wechat-oauth'
import type { Sandbox } from '@wechat-auth/wechat-sandbox'
import { apps, type RecordingStore } from './harness.js'
import type { Facts, Step } from './wechat-faults.js'

const { mp: { appId: mp }, miniprogram: { appId: miniprogram } } = apps

export interface Bench {
  sandbox: Sandbox
  client: WechatOAuth
  store: RecordingStore
}

export interface ClientCall {
  title: string
  step: Step
  app: keyof typeof apps
  /** Does what comes before, and gives the call in which the fault then happens. */
  prepare: (bench: Bench) => Promise<() => Promise<unknown>> | (() => Promise<unknown>)
  /** Whether the result is what it should be. */
  isGood: (result: unknown, facts: Facts) => boolean
}

const codeOf = (sandbox: Sandbox): string => sandbox.issueCode({ appId: mp, user: 'alice' })
const isOfTheUser = (result: unknown, { openid }: Facts): boolean => (result as { openid?: unknown }).openid === openid

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
]
