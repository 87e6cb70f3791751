import type { SessionStore, UserStore, WechatLogger } from '@wechat-auth/wechat-oauth'
import { checkTimeout, refuseWrongNames } from '@wechat-auth/wechat-oauth/store-kit'
import { isObject, refuseUnless, safeLogger } from '@wechat-auth/wechat-oauth/strategy-kit'
import { isSku } from './token.js'
import type { CreateUser, FindUser, Identified, MiniProgramClient, WechatSessionsOptions } from './types.js'

/** A user store, or the application's functions. */
export type UserSource<User> =
  { userStore: UserStore } | { findUser: FindUser<User>; createUser: CreateUser<User> }

/** The options, checked, with all defaults. */
export interface Settings<User> {
  oauth: MiniProgramClient
  sessionStore: SessionStore
  users: UserSource<User>
  sku: string
  ttl: number
  sliding: boolean
  maxSessions: number
  timeout: number
  now: () => number
  logger: WechatLogger | undefined
}

const who = 'WechatSessions'
const longestTtl = 10 * 366 * 24 * 3600

/** @throws TypeError that names the option */
export function checkOptions<User extends Identified>(options: WechatSessionsOptions<User>): Settings<User> {
  refuseUnless(who, isObject(options), 'the options must be an object')
  refuseWrongNames(who, options, {
    'oauth: a WechatOAuth': ['client'],
    sessionStore: ['store'],
    'ttl, in seconds': ['maxAge', 'expiresIn'],
  })
  const {
    oauth,
    sessionStore,
    sku,
    ttl = 259_200,
    sliding = false,
    maxSessions = Infinity,
    timeout = 5000,
    now = Date.now,
    logger,
  } = options
  refuseUnless(
    who,
    hasMethods(oauth, ['code2Session', 'decryptMiniProgramUser']) && typeof oauth.appId === 'string',
    'oauth must be a WechatOAuth',
  )
  refuseUnless(
    who,
    hasMethods(sessionStore, ['create', 'get', 'rotate', 'delete', 'deleteByUser', 'listByUser']),
    'sessionStore must be a session store',
  )
  refuseUnless(who, isSku(sku), 'sku must be 1 to 32 characters of A-Z, a-z, 0-9, _ and -')
  refuseUnless(
    who,
    typeof ttl === 'number' && ttl >= 1 && ttl <= longestTtl,
    'ttl must be a number of seconds, from 1 to ten years',
  )
  refuseUnless(who, typeof sliding === 'boolean', 'sliding must be true or false')
  refuseUnless(
    who,
    maxSessions === Infinity || (Number.isInteger(maxSessions) && maxSessions >= 1),
    'maxSessions must be a positive integer',
  )
  checkTimeout(timeout)
  refuseUnless(who, typeof now === 'function', 'now must be a function')
  return {
    oauth,
    sessionStore,
    users: checkUserSource(options),
    sku,
    ttl,
    sliding,
    maxSessions,
    timeout,
    now,
    logger: checkLogger(who, logger),
  }
}

/** @throws TypeError that names the option */
export function checkLogger(who: string, logger: WechatLogger | undefined): WechatLogger | undefined {
  refuseUnless(
    who,
    logger === undefined || hasMethods(logger, ['debug', 'warn']),
    'logger must have the methods debug and warn',
  )
  return safeLogger(logger)
}

function checkUserSource<User extends Identified>(options: WechatSessionsOptions<User>): UserSource<User> {
  const {
    userStore,
    findUser,
    createUser,
  }: { userStore?: UserStore | undefined; findUser?: unknown; createUser?: unknown } = options
  if (userStore !== undefined) {
    refuseUnless(
      who,
      findUser === undefined && createUser === undefined,
      'userStore cannot be combined with findUser and createUser',
    )
    refuseUnless(
      who,
      hasMethods(userStore, ['findByOpenid', 'findByUnionid', 'create', 'link']),
      'userStore must be a user store',
    )
    return { userStore }
  }
  refuseUnless(
    who,
    typeof findUser === 'function' && typeof createUser === 'function',
    'set userStore, or the functions findUser and createUser',
  )
  return { findUser: findUser as FindUser<User>, createUser: createUser as CreateUser<User> }
}

function hasMethods(value: unknown, names: readonly string[]): boolean {
  return isObject(value) && names.every((name) => typeof value[name] === 'function')
}
