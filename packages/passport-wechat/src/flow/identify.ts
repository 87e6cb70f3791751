import {
  WechatError,
  type WechatLang,
  type WechatMode,
  type WechatOAuth,
  type WechatToken,
  type WechatUser,
} from '@wechat-auth/wechat-oauth'
import { withDeadline } from '@wechat-auth/wechat-oauth/store-kit'
import { scopesIn, type VerifyAnswer } from '@wechat-auth/wechat-oauth/strategy-kit'
import type { Settings } from '../options.js'
import { awaitCallback } from '../await-callback.js'
import { refuseByKind, refusedByVerify, Refusal, type Outcome } from '../outcome.js'
import { readUserinfo, buildProfile, type Person } from '../profile.js'
import type { RequestParts } from '../request.js'
import type { AnyWechatVerify, SkipUserProfile, WechatAuthInfo, WechatTokenParams } from '../types.js'
import { callVerify } from '../verify.js'

/** A user whose openid WeChat has confirmed. */
export interface Identity {
  req: RequestParts
  mode: WechatMode
  appId: string
  /** WeChat's reply, without the session_key. */
  token: WechatToken
  userinfo?: WechatUser | undefined
  person: Person
  params: WechatTokenParams
  /** The application's state of the call that started the login. */
  state?: unknown
}

/** The last step of every login: builds the profile and calls verify. */
export class IdentifyFlow {
  readonly #settings: Settings
  readonly #verify: AnyWechatVerify

  constructor(settings: Settings, verify: AnyWechatVerify) {
    this.#settings = settings
    this.#verify = verify
  }

  /** A user who came back from WeChat's page. */
  async byToken(
    client: WechatOAuth,
    token: WechatToken,
    login: {
      req: RequestParts
      mode: WechatMode
      requestedScope: string
      lang: WechatLang | undefined
      state?: unknown
    },
  ): Promise<Outcome> {
    const { req, mode, requestedScope, lang } = login
    if (token.is_snapshotuser === 1 && !this.#settings.allowSnapshotUsers) {
      const hint = 'Ask for consent only after a click, not as soon as a page opens'
      throw new Refusal('ERR_WECHAT_SNAPSHOT_USER', {}, { facts: { hint } })
    }
    const wanted =
      mayReadUserinfo(token.scope ?? requestedScope) &&
      !(await this.#skipsUserProfile(token.access_token ?? ''))
    const userinfo = wanted ? await refuseByKind(client.getUserByToken(token, { lang })) : undefined
    return this.conclude({
      req,
      mode,
      appId: client.appId,
      token,
      userinfo,
      person: userinfo ? readUserinfo(userinfo) : {},
      params: withoutRefreshToken(token),
      ...('state' in login && { state: login.state }),
    })
  }

  async conclude(identity: Identity): Promise<Outcome> {
    const { req, mode, appId, token, userinfo, person, params } = identity
    const { openid } = token
    const unionid = nonEmpty(userinfo?.unionid) ?? nonEmpty(token.unionid)
    const id = await this.#chooseId(identity, unionid)
    const profile = buildProfile({ id, appId, mode, openid, unionid, person, userinfo })
    const answer = await callVerify(
      this.#verify,
      {
        accessToken: token.access_token,
        refreshToken: token.refresh_token,
        params,
        profile,
        req,
      },
      this.#settings,
    )
    const info: WechatAuthInfo = {
      ...('state' in identity && { state: identity.state }),
      appId,
      mode,
      openid,
      ...(unionid !== undefined && { unionid }),
    }
    return toOutcome(answer, info)
  }

  async #chooseId({ token, userinfo }: Identity, unionid: string | undefined): Promise<string> {
    const { idSource } = this.#settings
    if (idSource === 'openid') return token.openid
    if (idSource === 'unionid') {
      if (unionid === undefined) throw new Refusal('ERR_WECHAT_NO_UNIONID')
      return unionid
    }
    const id: unknown = await this.#inTime('idSource', () =>
      userinfo ? idSource({ ...token }, userinfo) : idSource({ ...token }),
    )
    if (typeof id !== 'string' || id === '')
      throw new WechatError('ERR_WECHAT_CONFIG', 'idSource must return a non-empty string')
    return id
  }

  #skipsUserProfile(accessToken: string): boolean | Promise<boolean> {
    const { skipUserProfile } = this.#settings
    if (typeof skipUserProfile === 'boolean') return skipUserProfile
    return this.#inTime('skipUserProfile', () => askWhetherToSkip(skipUserProfile, accessToken))
  }

  #inTime<T>(option: string, task: () => T | PromiseLike<T>): Promise<T> {
    const { timeout } = this.#settings
    return withDeadline(
      timeout,
      task,
      () => new WechatError('ERR_WECHAT_CONFIG', `${option} did not answer within ${timeout} ms`),
    )
  }
}

function withoutRefreshToken(token: WechatToken): WechatTokenParams {
  const { refresh_token, create_at, ...params } = token
  return params
}

/** `/sns/userinfo` refuses `snsapi_base` tokens. */
function mayReadUserinfo(scope: string): boolean {
  return scopesIn(scope).some((one) => ['snsapi_userinfo', 'snsapi_login'].includes(one))
}

async function askWhetherToSkip(
  skip: Exclude<SkipUserProfile, boolean>,
  accessToken: string,
): Promise<boolean> {
  if (skip.length < 2) return (skip as () => boolean | PromiseLike<boolean>)()
  const [answer] = await awaitCallback((done) => skip(accessToken, done))
  return answer === true
}

function toOutcome({ user, info }: VerifyAnswer<Express.User>, facts: WechatAuthInfo): Outcome {
  if (user) return { action: 'success', user, info: { ...toInfo(info), ...facts } }
  return refusedByVerify(info)
}

function toInfo(info: VerifyAnswer<Express.User>['info']): object {
  return typeof info === 'string' ? { message: info } : (info ?? {})
}

function nonEmpty(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
