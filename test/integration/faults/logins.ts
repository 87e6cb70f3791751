import type { WechatMode } from '@wechat-auth/wechat-oauth'
import type { WechatStrategy } from '@wechat-auth/passport-wechat'
import type { Sandbox } from '@wechat-auth/wechat-sandbox'
import { action, authenticate, requestOf, type Action } from '../../helpers/authenticate.js'
import { apps } from './harness.js'
import type { Outcome, Step } from './wechat-faults.js'

export interface LoginCall {
  mode: WechatMode
  step: Step
}

/** Each call to WeChat that a login makes, in each mode. */
export const loginCalls: readonly LoginCall[] = [
  { mode: 'mp', step: 'exchange' },
  { mode: 'mp', step: 'userinfo' },
  { mode: 'website', step: 'exchange' },
  { mode: 'website', step: 'userinfo' },
  { mode: 'miniprogram', step: 'session' },
]

const whatFor: Partial<Record<Step, string>> = {
  exchange: 'when the code is exchanged',
  userinfo: 'when the user is read',
  session: 'when the code of wx.login is exchanged',
}

export function titleOf({ mode, step }: LoginCall): string {
  return `in mode ${mode}, ${whatFor[step] ?? step}`
}

export const callbackURL = 'https://shop.example.com/auth/wechat/callback'

/** The code that WeChat would hand out to the user. */
export function codeFor(sandbox: Sandbox, mode: WechatMode): string {
  const { appId } = apps[mode]
  return mode === 'miniprogram'
    ? sandbox.wxLogin({ appId, user: 'alice' })
    : sandbox.issueCode({ appId, user: 'alice' })
}

/** Goes as far as the request with which the user comes back, and gives that one. */
export async function begin(
  sandbox: Sandbox,
  strategy: WechatStrategy,
  mode: WechatMode,
): Promise<() => Promise<Action>> {
  const code = codeFor(sandbox, mode)
  if (mode === 'miniprogram') {
    const req = requestOf({ method: 'POST', headers: { 'content-type': 'application/json' }, body: { code } })
    return () => authenticate(strategy, req)
  }
  const session = {}
  const { url } = await action('redirect', authenticate(strategy, requestOf({ session })))
  const state = new URL(url).searchParams.get('state')
  return () => authenticate(strategy, requestOf({ session, query: { code, state } }))
}

/** What a login comes to: `status` is what Express answers with. */
export type Expected =
  | { action: 'success' }
  | { action: 'fail'; status: number; info: { code: string; errcode?: number } }
  | { action: 'error'; status: number; error: { code: string; errcode?: number } }

/** The outcome table. */
export function expectedOf(outcome: Outcome): Expected {
  if (outcome === 'good') return { action: 'success' }
  const { code, errcode, kind } = outcome
  const facts = errcode === undefined ? {} : { errcode }
  if (kind === 'code') return { action: 'fail', status: 401, info: { code: 'ERR_WECHAT_CODE', ...facts } }
  if (kind === 'denied' || kind === 'user')
    return { action: 'fail', status: 403, info: { code: 'ERR_WECHAT_BLOCKED', ...facts } }
  return { action: 'error', status: statusOf(outcome), error: { code, ...facts } }
}

function statusOf({ code, kind }: Exclude<Outcome, 'good'>): number {
  switch (code) {
    case 'ERR_WECHAT_API':
      return kind === 'rate' || kind === 'busy' ? 503 : 500
    case 'ERR_WECHAT_TIMEOUT':
      return 504
    case 'ERR_WECHAT_NETWORK':
    case 'ERR_WECHAT_STATUS':
    case 'ERR_WECHAT_RESPONSE':
      return 502
    default:
      return 500
  }
}

export function wordsFor(expected: Expected): string {
  switch (expected.action) {
    case 'success':
      return 'succeeds'
    case 'fail':
      return `fails with ${expected.status} ${expected.info.code}`
    case 'error':
      return `ends in the error ${expected.error.code}`
  }
}
