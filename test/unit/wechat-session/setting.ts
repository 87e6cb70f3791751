import type { SessionStore } from '@wechat-auth/wechat-oauth'
import {
  MemorySessionStore,
  MemoryUserStore,
  WechatSessions,
  type WechatSessionsCommonOptions,
} from '@wechat-auth/wechat-session'
import { FakeWechat } from '../../helpers/fake-wechat.js'
import { client, sessionReply } from '../../helpers/wechat-replies.js'

export const alice = 'oALICE_in_the_mini-program_1'
export const bob = 'oBOB_in_the_mini-program__22'
export const code = '0a1CODEcodeCODEcodeCODEcodeCODE1'

/** The calls of a store, in order. */
export interface Watched<Store> {
  store: Store
  calls: { method: string; parameters: unknown[] }[]
}

/** A store whose calls are recorded. `answer` may answer in its place. */
export function watched<Store extends object>(
  target: Store,
  answer?: (method: string) => unknown,
): Watched<Store> {
  const calls: Watched<Store>['calls'] = []
  const store = new Proxy(target, {
    get: (_target, name) => {
      const method: unknown = Reflect.get(target, name)
      if (typeof method !== 'function') return method
      return (...parameters: unknown[]): unknown => {
        calls.push({ method: String(name), parameters })
        return answer?.(String(name)) ?? Reflect.apply(method, target, parameters)
      }
    },
  })
  return { store, calls }
}

export interface Setting {
  sessions: WechatSessions
  wechat: FakeWechat
  sessionStore: Watched<SessionStore>
  userStore: Watched<MemoryUserStore>
  /** Logs in the user that WeChat returns. */
  logIn: (
    openid?: string,
    more?: { unionid?: string; device?: string },
  ) => ReturnType<WechatSessions['authorize']>
}

type Options = Partial<Omit<WechatSessionsCommonOptions, 'sessionStore'>> & {
  sessionStore?: Watched<SessionStore>
  userStore?: Watched<MemoryUserStore>
}

/** A mini-program's server, with a fake WeChat whose replies the test sets. */
export function setting({
  sessionStore = watched<SessionStore>(new MemorySessionStore()),
  userStore = watched(new MemoryUserStore()),
  ...options
}: Options = {}): Setting {
  const wechat = new FakeWechat()
  const sessions = new WechatSessions({
    oauth: client({ fetch: wechat.fetch }),
    sessionStore: sessionStore.store,
    userStore: userStore.store,
    sku: 'shop',
    ...options,
  })
  return {
    sessions,
    wechat,
    sessionStore,
    userStore,
    logIn: (openid = alice, { unionid, device } = {}) => {
      wechat.replies['/sns/jscode2session'] = sessionReply({
        openid,
        ...(unionid !== undefined && { unionid }),
      })
      return sessions.authorize({ code, device })
    },
  }
}
