import {
  WechatSessionError,
  type RegisteredUser,
  type StoredSession,
  type WechatSession,
} from '@wechat-auth/wechat-oauth'
import { checkOpenid, isUnusableRecord, KeyedQueue } from '@wechat-auth/wechat-oauth/store-kit'
import { checkedLogin, logIn } from './login.js'
import { settingsOf, type Settings } from './options.js'
import { publicPartOf, SessionsAtStore, type Listing } from './sessions-at-store.js'
import { hashOf, newToken, partsOf } from './token.js'
import type {
  AccountToRegister,
  Identified,
  IssuedToken,
  ListedSession,
  MiniProgramLogin,
  TokenHolder,
  UserId,
  WechatLogin,
  WechatSessionsOptions,
} from './types.js'
import { userIdOf, userIdRule, usersOf, type NewUser, type Registration, type Users } from './users.js'

/** A session that slides is written again when this part of its life is over, so that few checks write. */
const partBeforeProlonging = 0.1

/**
 * Session tokens of an application for the users of its mini-program, which has no cookies: a login gives the device a token,
 * which it sends with each request.
 *
 * Only hashes of tokens are kept. Checking a token is one read of the session store; nothing is ever searched.
 */
export class WechatSessions<User extends Identified = RegisteredUser> {
  readonly #settings: Settings<User>
  readonly #store: SessionsAtStore
  readonly #users: Users<User>
  readonly #registrations = new KeyedQueue()
  readonly #prolonging = new Map<string, Promise<void>>()
  #isClosed = false

  /** @throws TypeError that names the option which is wrong */
  constructor(options: WechatSessionsOptions<User>) {
    const settings = settingsOf(options)
    this.#settings = settings
    this.#store = new SessionsAtStore(settings.sessionStore, settings.timeout, settings.now)
    this.#users = usersOf(settings.users, settings.timeout)
  }

  /**
   * Logs a user of the mini-program in: exchanges the code, finds or makes the user, and gives this device a session of its own.
   *
   * With `encryptedData` and `iv`, these must open with the session_key of this code and belong to the same user; a new user's
   * profile is taken from them, and nothing else: the user's openid and unionid are what WeChat answered to the code. They are
   * optional, and WeChat tells next to nothing in them any more.
   *
   * @param input - the body of the mini-program's request will do; members that have no place here are ignored
   * @throws WechatAPIError of kind `code` (status 401) where the code is bad, used or expired, of kind `denied` or `user` (403)
   * where WeChat blocks the user; WechatSessionError `ERR_WECHAT_SESSION_KEY` or `ERR_WECHAT_OPENID_MISMATCH`;
   * WechatDecryptError `ERR_WECHAT_ENCRYPTED_DATA` (400) where the input is damaged;
   * WechatTransportError; StoreError; what `findUser` or `createUser` throws; TypeError, with the status 400
   * @see https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/login.html
   */
  async authorize(input: MiniProgramLogin): Promise<WechatLogin<User>> {
    const login = checkedLogin(input)
    const account = await logIn(this.#settings.oauth, login)
    const { user, isNewUser } = await this.#register(account)
    const { openid, unionid } = account
    const issued = await this.issueTokenFor(user.id, { openid, unionid, device: login.device })
    return { ...issued, user, isNewUser }
  }

  /** Whether a token is good. @throws StoreError where the session store fails */
  async isTokenValid(token: unknown): Promise<boolean> {
    return (await this.getSession(token)) !== null
  }

  /**
   * The session of a token; `null` where the token is malformed, unknown, expired, revoked or of another sku. What is no token
   * of this sku is refused without asking the store.
   *
   * With `sliding`, a session of which a tenth is over is prolonged in the background; `expiresAt` is what it was before.
   *
   * @throws StoreError where the session store fails
   */
  async getSession(token: unknown): Promise<WechatSession | null> {
    const found = await this.#find(token)
    if (!found) return null
    if (this.#settings.sliding) this.#prolong(found.hash, found.session)
    return publicPartOf(found.session)
  }

  /**
   * Exchanges a token for a new one with a whole lifetime. The old one is dead; of several attempts at once, one wins.
   *
   * @throws WechatSessionError `ERR_WECHAT_SESSION_TOKEN` where the token is not good; StoreError
   */
  async refreshToken(token: string): Promise<IssuedToken> {
    const found = await this.#find(token)
    if (!found) throw badToken()
    const { sku, ttl, maxSessions } = this.#settings
    const successor = newToken({ openid: found.session.openid, sku })
    const id = hashOf(successor)
    const expiresAt = this.#expiry()
    if (!(await this.#store.rotate(found.hash, id, { ...found.session, id, expiresAt }, ttl)))
      throw badToken()
    // A login that was to end the old session, being one too many, may have come too late for that.
    if (maxSessions !== Infinity && (await this.#endSurplus(found.session.userId)).includes(id))
      throw badToken()
    return { token: successor, expiresAt }
  }

  /**
   * Gives a device of a user a session, without asking WeChat: for the server's own use, after a login that it has checked. With
   * Passport, `issueTokenFor(req.user.id, req.authInfo)`.
   *
   * With `maxSessions`, what the store lists for the user and cannot be used does not count, and ends where it has an
   * `id`. All sessions of the user end, of every sku, where the store rejects the list with the `reason` `record`.
   *
   * @param userId - of a user that exists. A number or a bigint is kept as its decimal text
   * @param holder - other members than these are ignored
   * @throws StoreError; TypeError
   */
  async issueTokenFor(userId: UserId, holder: TokenHolder): Promise<IssuedToken> {
    const owner = checkedUserId(userId)
    const { openid, unionid, device } = checkedHolder(holder)
    const { sku, ttl, maxSessions } = this.#settings
    const token = newToken({ openid, sku })
    const id = hashOf(token)
    const createdAt = maxSessions === Infinity ? this.#settings.now() : await this.#nextTurnOf(owner)
    const expiresAt = this.#expiry()
    const session = {
      userId: owner,
      openid,
      ...(unionid && { unionid }),
      sku,
      ...(device && { device }),
      createdAt,
      expiresAt,
      id,
    }
    await this.#store.create(id, session, ttl)
    if (maxSessions !== Infinity) await this.#endSurplus(owner)
    return { token, expiresAt }
  }

  /** Ends the session of a token: logs this device out. Resolves for what is no token of this sku, too. @throws StoreError */
  async revokeToken(token: unknown): Promise<void> {
    const hash = this.#hashOf(token)
    if (hash !== null) await this.#store.delete(hash)
  }

  /** Ends all sessions of a user, of every sku: logs them out everywhere. @throws StoreError; TypeError */
  async revokeUser(userId: UserId): Promise<void> {
    await this.#store.deleteByUser(checkedUserId(userId))
  }

  /**
   * Ends one session of a user: logs another device out.
   *
   * @param id - of one of `listSessions`
   * @returns `false` where this user has no such session
   * @throws StoreError; TypeError
   */
  async revokeSession(userId: UserId, id: string): Promise<boolean> {
    const owner = checkedUserId(userId)
    if (typeof id !== 'string' || !/^[0-9a-f]{64}$/.test(id)) return false
    if ((await this.#store.get(id))?.userId !== owner) return false
    await this.#store.delete(id)
    return true
  }

  /** The live sessions of a user, of every sku, the newest first. @throws StoreError; TypeError */
  async listSessions(userId: UserId): Promise<ListedSession[]> {
    const sessions = await this.#store.listByUser(checkedUserId(userId))
    return sessions.map(({ id, ...session }) => ({
      ...publicPartOf(session as StoredSession),
      ...(typeof id === 'string' && { id }),
    }))
  }

  /**
   * The user of an account that has logged in by other means; made where there is none. The identity is sticky, as in
   * `authorize`, and an account of another app with the same unionid is linked.
   *
   * @param account - the profile of `passport-wechat` will do; other members than these are ignored. `appId`: default the
   * mini-program's
   * @throws StoreError; what `findUser` or `createUser` throws; TypeError
   */
  async registerUser(account: AccountToRegister): Promise<Registration<User>> {
    const { openid, unionid } = checkedHolder(account)
    const { appId = this.#settings.oauth.appId, profile } = account
    if (typeof appId !== 'string' || appId === '') throw new TypeError('appId must be a non-empty string')
    return this.#register({ appId, openid, ...(unionid && { unionid }), ...(profile && { profile }) })
  }

  /**
   * The registered user of a session, or `null` where the user is gone, or the account has another user now.
   *
   * @throws StoreError; what `findUser` throws
   */
  async getUser({ userId, openid, unionid }: WechatSession): Promise<User | null> {
    const user = await this.#users.find({
      appId: this.#settings.oauth.appId,
      openid,
      ...(unionid !== undefined && { unionid }),
    })
    return user && userIdOf(user.id) === userId ? user : null
  }

  /** The openid that a token names, or `null` where it is no token. It is not verified: anybody can write such a token. */
  extractOpenId(token: unknown): string | null {
    return partsOf(token)?.openid ?? null
  }

  /** The sku that a token names, or `null` where it is no token. It is not verified: anybody can write such a token. */
  extractSku(token: unknown): string | null {
    return partsOf(token)?.sku ?? null
  }

  /** Waits for what is being written in the background, and begins nothing more there. Stores and their clients stay open. */
  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all(this.#prolonging.values())
  }

  async #register(account: NewUser): Promise<Registration<User>> {
    return this.#registrations.enqueue(`${account.appId} ${account.openid}`, () => this.#users.register(account))
  }

  async #find(token: unknown): Promise<{ hash: string; session: StoredSession } | null> {
    const hash = this.#hashOf(token)
    const session = hash === null ? null : await this.#store.get(hash)
    return hash === null || session?.sku !== this.#settings.sku ? null : { hash, session }
  }

  /** What a token is kept under; `null` where it is no token of this sku. */
  #hashOf(token: unknown): string | null {
    const parts = partsOf(token)
    return parts?.sku === this.#settings.sku ? hashOf(token as string) : null
  }

  #expiry(): number {
    return this.#settings.now() + this.#settings.ttl * 1000
  }

  // Rotated to its own hash, a session that was ended meanwhile stays ended.
  #prolong(hash: string, session: StoredSession): void {
    const { ttl, now } = this.#settings
    const isDue = session.expiresAt - now() < ttl * 1000 * (1 - partBeforeProlonging)
    if (!isDue || this.#isClosed || this.#prolonging.has(hash)) return
    const prolonging = this.#store
      .rotate(hash, hash, { ...session, expiresAt: this.#expiry() }, ttl)
      .then(
        () => undefined,
        (error: unknown) =>
          this.#settings.logger?.warn('A session could not be prolonged', { reason: reasonOf(error) }),
      )
      .finally(() => this.#prolonging.delete(hash))
    this.#prolonging.set(hash, prolonging)
  }

  /** A point in time after the user's other logins, whatever the clocks of other servers say. */
  async #nextTurnOf(userId: string): Promise<number> {
    const [latest] = await this.#sessionsBeforeLogin(userId)
    return Math.max(this.#settings.now(), latest ? latest.createdAt + 1 : 0)
  }

  /**
   * A session that cannot be used must not keep its user from logging in. Where the store lists the others, only that
   * one ends. Where it rejects the list, the others can be neither counted nor ended one by one: all of them end.
   */
  async #sessionsBeforeLogin(userId: string): Promise<StoredSession[]> {
    const listing = await this.#store.listUsable(userId).catch(async (error: unknown) => {
      refuseUnlessUnusable(error)
      this.#settings.logger?.warn(
        'A login ends the sessions of a user, of which one cannot be used',
        detailsOf(error),
      )
      // What is there may be so broken that it cannot be ended either.
      await this.#store.deleteByUser(userId).catch(refuseUnlessUnusable)
      return { sessions: [], unusable: [] }
    })
    await this.#endUnusable(listing)
    return listing.sessions
  }

  async #endUnusable({ unusable }: Listing): Promise<void> {
    if (unusable.length === 0) return
    const details = { code: 'ERR_WECHAT_STORE', reason: 'record', count: unusable.length }
    this.#settings.logger?.warn(
      'A login does not count stored sessions of a user that cannot be used',
      details,
    )
    const ids = unusable.map(({ id }) => id).filter((id) => id !== undefined)
    await Promise.all(ids.map((id) => this.#store.delete(id).catch(refuseUnlessUnusable)))
  }

  /**
   * Whoever logs in sees all who did before; several at once agree on who is to go, since they order sessions alike.
   *
   * @returns the ids of those that were ended
   */
  async #endSurplus(userId: string): Promise<string[]> {
    const { sku, maxSessions } = this.#settings
    const listing = await this.#store.listUsable(userId).catch((error: unknown): Listing => {
      // The new session is there: the next login sees to the others.
      refuseUnlessUnusable(error)
      return { sessions: [], unusable: [] }
    })
    const sessions = listing.sessions.filter((session) => session.sku === sku)
    const surplus = sessions
      .slice(maxSessions)
      .map(({ id }) => id)
      .filter((id) => id !== undefined)
    await Promise.all(surplus.map((id) => this.#store.delete(id)))
    return surplus
  }
}

function badToken(): WechatSessionError {
  return new WechatSessionError('ERR_WECHAT_SESSION_TOKEN', 'The session token is not valid: log in again.')
}

function checkedUserId(userId: unknown): string {
  const id = userIdOf(userId)
  if (id === undefined) throw new TypeError(`userId must be ${userIdRule}`)
  return id
}

function checkedHolder(holder: unknown): TokenHolder {
  if (typeof holder !== 'object' || holder === null) throw new TypeError('An object with an openid is needed')
  const { openid, unionid, device } = holder as Record<string, unknown>
  checkOpenid(openid)
  return {
    openid,
    unionid: optionalText('unionid', unionid, 128),
    device: optionalText('device', device, 256),
  }
}

function optionalText(name: string, value: unknown, longest: number): string | undefined {
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value !== 'string' || value.length > longest)
    throw new TypeError(`${name} must be a string of at most ${longest} characters`)
  return value
}

/** @throws what it is given, where the store failed for another reason */
function refuseUnlessUnusable(error: unknown): void {
  if (!isUnusableRecord(error)) throw error
}

function detailsOf(error: unknown): Record<string, unknown> {
  const { code, reason } = error as { code?: unknown; reason?: unknown }
  return { code, reason }
}

function reasonOf(error: unknown): unknown {
  return (error as { code?: unknown } | null)?.code
}
