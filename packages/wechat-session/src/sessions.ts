import {
  WechatSessionError,
  type RegisteredUser,
  type StoredSession,
  type WechatSession,
} from '@wechat-auth/wechat-oauth'
import { checkOpenid, isUnusableRecord, KeyedQueue } from '@wechat-auth/wechat-oauth/store-kit'
import { readLogin, logIn } from './login.js'
import { checkOptions, type Settings } from './options.js'
import { pickPublicFields, SessionsAtStore, type Listing } from './sessions-at-store.js'
import { hashToken, newToken, parseToken } from './token.js'
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
import { toUserId, userIdRule, openUsers, type NewUser, type Registration, type Users } from './users.js'

/** A sliding session is written again only after this part of its lifetime, so that few checks write. */
const partBeforeProlonging = 0.1

/**
 * Issues session tokens for the users of a mini-program, which has no cookies. A login returns a token to the device, and the
 * device sends it with each request.
 *
 * Stores keep only hashes of tokens. Checking a token is one read by key in the session store, never a search.
 */
export class WechatSessions<User extends Identified = RegisteredUser> {
  readonly #settings: Settings<User>
  readonly #store: SessionsAtStore
  readonly #users: Users<User>
  readonly #registrations = new KeyedQueue()
  readonly #prolonging = new Map<string, Promise<void>>()
  #isClosed = false

  /** @throws TypeError that names the wrong option */
  constructor(options: WechatSessionsOptions<User>) {
    const settings = checkOptions(options)
    this.#settings = settings
    this.#store = new SessionsAtStore(settings.sessionStore, settings.timeout, settings.now)
    this.#users = openUsers(settings.users, settings.timeout)
  }

  /**
   * Logs in a user of the mini-program: exchanges the code, finds or creates the user, and creates a session for this device.
   *
   * `encryptedData` and `iv` are optional, and WeChat puts hardly anything into them today. They must belong to the same user,
   * and the session_key of this code must decrypt them. Only a new user's profile is taken from them: openid and unionid come
   * from WeChat's reply to the code.
   *
   * @param input - the body of the mini-program's request. Unknown members are ignored
   * @throws WechatAPIError of kind `code` (status 401) if the code is invalid, used or expired, and of kind `denied` or `user`
   * (403) if WeChat blocks the user; WechatSessionError `ERR_WECHAT_SESSION_KEY` or `ERR_WECHAT_OPENID_MISMATCH`;
   * WechatDecryptError `ERR_WECHAT_ENCRYPTED_DATA` (400) if the input is damaged; WechatTransportError; StoreError;
   * errors of `findUser` and `createUser`; TypeError with the status 400
   * @see https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/login.html
   */
  async authorize(input: MiniProgramLogin): Promise<WechatLogin<User>> {
    const login = readLogin(input)
    const account = await logIn(this.#settings.oauth, login)
    const { user, isNewUser } = await this.#register(account)
    const { openid, unionid } = account
    const issued = await this.issueTokenFor(user.id, { openid, unionid, device: login.device })
    return { ...issued, user, isNewUser }
  }

  /** Returns whether a token is valid. @throws StoreError if the session store fails */
  async isTokenValid(token: unknown): Promise<boolean> {
    return (await this.getSession(token)) !== null
  }

  /**
   * Returns the session of a token, or `null` if the token is malformed, unknown, expired, revoked or of another sku. The store
   * is not asked about values that are not tokens of this sku.
   *
   * With `sliding`, a session is extended in the background after a tenth of its lifetime. The returned `expiresAt` is the
   * earlier one.
   *
   * @throws StoreError if the session store fails
   */
  async getSession(token: unknown): Promise<WechatSession | null> {
    const found = await this.#find(token)
    if (!found) return null
    if (this.#settings.sliding) this.#prolong(found.hash, found.session)
    return pickPublicFields(found.session)
  }

  /**
   * Exchanges a token for a new one with a full lifetime. The old one stops working. Of several attempts at once, one succeeds.
   *
   * @throws WechatSessionError `ERR_WECHAT_SESSION_TOKEN` if the token is not valid; StoreError
   */
  async refreshToken(token: string): Promise<IssuedToken> {
    const found = await this.#find(token)
    if (!found) throw badToken()
    const { sku, ttl, maxSessions } = this.#settings
    const successor = newToken({ openid: found.session.openid, sku })
    const id = hashToken(successor)
    const expiresAt = this.#expiry()
    if (!(await this.#store.rotate(found.hash, id, { ...found.session, id, expiresAt }, ttl)))
      throw badToken()
    // A concurrent login may have tried to end the old session as surplus, after it was replaced.
    if (maxSessions !== Infinity && (await this.#endSurplus(found.session.userId)).includes(id))
      throw badToken()
    return { token: successor, expiresAt }
  }

  /**
   * Creates a session for a user's device without asking WeChat. Call it after a login that the server has checked itself; with
   * Passport, `issueTokenFor(req.user.id, req.authInfo)`.
   *
   * With `maxSessions`, unusable records that the store lists for the user do not count, and those with an `id` are deleted.
   * If the store rejects the list with the `reason` `record`, all sessions of the user end, of every sku.
   *
   * @param userId - of an existing user. A number or a bigint is kept as a decimal string
   * @param holder - other members are ignored
   * @throws StoreError; TypeError
   */
  async issueTokenFor(userId: UserId, holder: TokenHolder): Promise<IssuedToken> {
    const owner = parseUserId(userId)
    const { openid, unionid, device } = parseHolder(holder)
    const { sku, ttl, maxSessions } = this.#settings
    const token = newToken({ openid, sku })
    const id = hashToken(token)
    const createdAt = maxSessions === Infinity ? this.#settings.now() : await this.#findNextTime(owner)
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

  /** Ends the session of a token: logs this device out. Ignores values that are not tokens of this sku. @throws StoreError */
  async revokeToken(token: unknown): Promise<void> {
    const hash = this.#hashToken(token)
    if (hash !== null) await this.#store.delete(hash)
  }

  /** Ends all sessions of a user, of every sku: logs them out everywhere. @throws StoreError; TypeError */
  async revokeUser(userId: UserId): Promise<void> {
    await this.#store.deleteByUser(parseUserId(userId))
  }

  /**
   * Ends one session of a user: logs another device out.
   *
   * @param id - from `listSessions`
   * @returns `false` if this user has no session with this id
   * @throws StoreError; TypeError
   */
  async revokeSession(userId: UserId, id: string): Promise<boolean> {
    const owner = parseUserId(userId)
    if (typeof id !== 'string' || !/^[0-9a-f]{64}$/.test(id)) return false
    if ((await this.#store.get(id))?.userId !== owner) return false
    await this.#store.delete(id)
    return true
  }

  /** Lists the live sessions of a user, of every sku, the newest first. @throws StoreError; TypeError */
  async listSessions(userId: UserId): Promise<ListedSession[]> {
    const sessions = await this.#store.listByUser(parseUserId(userId))
    return sessions.map(({ id, ...session }) => ({
      ...pickPublicFields(session as StoredSession),
      ...(typeof id === 'string' && { id }),
    }))
  }

  /**
   * Finds or creates the user of an account that has logged in by other means. As in `authorize`, an account keeps its user,
   * and an account of another app with the same unionid is linked.
   *
   * @param account - for example the profile of `passport-wechat`; other members are ignored. Default of `appId`: the
   * mini-program's
   * @throws StoreError; errors of `findUser` and `createUser`; TypeError
   */
  async registerUser(account: AccountToRegister): Promise<Registration<User>> {
    const { openid, unionid } = parseHolder(account)
    const { appId = this.#settings.oauth.appId, profile } = account
    if (typeof appId !== 'string' || appId === '') throw new TypeError('appId must be a non-empty string')
    return this.#register({ appId, openid, ...(unionid && { unionid }), ...(profile && { profile }) })
  }

  /**
   * Returns the registered user of a session, or `null` if the user does not exist any more, or the account now has another.
   *
   * @throws StoreError; errors of `findUser`
   */
  async getUser({ userId, openid, unionid }: WechatSession): Promise<User | null> {
    const user = await this.#users.find({
      appId: this.#settings.oauth.appId,
      openid,
      ...(unionid !== undefined && { unionid }),
    })
    return user && toUserId(user.id) === userId ? user : null
  }

  /** Returns the openid in a token, or `null` if it is not a token. It is not verified: anybody can write such a token. */
  extractOpenId(token: unknown): string | null {
    return parseToken(token)?.openid ?? null
  }

  /** Returns the sku in a token, or `null` if it is not a token. It is not verified: anybody can write such a token. */
  extractSku(token: unknown): string | null {
    return parseToken(token)?.sku ?? null
  }

  /** Waits for background writes and starts no more of them. Stores and their clients stay open. */
  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all(this.#prolonging.values())
  }

  async #register(account: NewUser): Promise<Registration<User>> {
    return this.#registrations.enqueue(`${account.appId} ${account.openid}`, () =>
      this.#users.register(account),
    )
  }

  async #find(token: unknown): Promise<{ hash: string; session: StoredSession } | null> {
    const hash = this.#hashToken(token)
    const session = hash === null ? null : await this.#store.get(hash)
    return hash === null || session?.sku !== this.#settings.sku ? null : { hash, session }
  }

  /** The key of a token in the store, or `null` if it is not a token of this sku. */
  #hashToken(token: unknown): string | null {
    const parts = parseToken(token)
    return parts?.sku === this.#settings.sku ? hashToken(token as string) : null
  }

  #expiry(): number {
    return this.#settings.now() + this.#settings.ttl * 1000
  }

  // It rotates the session to its own hash, so that a session that was ended meanwhile stays ended.
  #prolong(hash: string, session: StoredSession): void {
    const { ttl, now } = this.#settings
    const isDue = session.expiresAt - now() < ttl * 1000 * (1 - partBeforeProlonging)
    if (!isDue || this.#isClosed || this.#prolonging.has(hash)) return
    const prolonging = this.#store
      .rotate(hash, hash, { ...session, expiresAt: this.#expiry() }, ttl)
      .then(
        () => undefined,
        (error: unknown) =>
          this.#settings.logger?.warn('A session could not be extended', { reason: readCode(error) }),
      )
      .finally(() => this.#prolonging.delete(hash))
    this.#prolonging.set(hash, prolonging)
  }

  /** A time after the user's other logins, even if the clocks of other servers differ. */
  async #findNextTime(userId: string): Promise<number> {
    const [latest] = await this.#sessionsBeforeLogin(userId)
    return Math.max(this.#settings.now(), latest ? latest.createdAt + 1 : 0)
  }

  /**
   * An unusable session must not prevent its user from logging in. If the store lists the others, only the unusable one ends.
   * If it rejects the list, the others can be neither counted nor ended one by one, so all of them end.
   */
  async #sessionsBeforeLogin(userId: string): Promise<StoredSession[]> {
    const listing = await this.#store.listUsable(userId).catch(async (error: unknown) => {
      refuseUnlessUnusable(error)
      this.#settings.logger?.warn(
        'A login ends all sessions of a user, because one of them cannot be used and the store does not list the others',
        pickDetails(error),
      )
      // The record may be so broken that it cannot be deleted either.
      await this.#store.deleteByUser(userId).catch(refuseUnlessUnusable)
      return { sessions: [], unusable: [] }
    })
    await this.#endUnusable(listing)
    return listing.sessions
  }

  async #endUnusable({ unusable }: Listing): Promise<void> {
    if (unusable.length === 0) return
    const details = { code: 'ERR_WECHAT_STORE', reason: 'record', count: unusable.length }
    this.#settings.logger?.warn('Unusable sessions of a user were not counted at a login', details)
    const ids = unusable.map(({ id }) => id).filter((id) => id !== undefined)
    await Promise.all(ids.map((id) => this.#store.delete(id).catch(refuseUnlessUnusable)))
  }

  /**
   * A login sees the sessions of all earlier logins. Concurrent logins sort them in the same order, so they end the same ones.
   *
   * @returns the ids of the ended sessions
   */
  async #endSurplus(userId: string): Promise<string[]> {
    const { sku, maxSessions } = this.#settings
    const listing = await this.#store.listUsable(userId).catch((error: unknown): Listing => {
      // The new session exists. The next login ends the surplus.
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
  return new WechatSessionError('ERR_WECHAT_SESSION_TOKEN', 'The session token is not valid. Log in again')
}

function parseUserId(userId: unknown): string {
  const id = toUserId(userId)
  if (id === undefined) throw new TypeError(`userId must be ${userIdRule}`)
  return id
}

function parseHolder(holder: unknown): TokenHolder {
  if (typeof holder !== 'object' || holder === null)
    throw new TypeError('The argument must be an object with an openid')
  const { openid, unionid, device } = holder as Record<string, unknown>
  checkOpenid(openid)
  return {
    openid,
    unionid: parseOptionalText('unionid', unionid, 128),
    device: parseOptionalText('device', device, 256),
  }
}

function parseOptionalText(name: string, value: unknown, longest: number): string | undefined {
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value !== 'string' || value.length > longest)
    throw new TypeError(`${name} must be a string of at most ${longest} characters`)
  return value
}

/** @throws the given error, if the store failed for another reason */
function refuseUnlessUnusable(error: unknown): void {
  if (!isUnusableRecord(error)) throw error
}

function pickDetails(error: unknown): Record<string, unknown> {
  const { code, reason } = error as { code?: unknown; reason?: unknown }
  return { code, reason }
}

function readCode(error: unknown): unknown {
  return (error as { code?: unknown } | null)?.code
}
