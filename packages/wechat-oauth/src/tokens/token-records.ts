import { isAheadOfClock, isWithin } from '../lib/clocks.js'
import { BoundedMap } from '../lib/bounded-map.js'
import type { StoreAccess, StoreFailure } from './store-access.js'
import { isBaseScope, isTokenOfUse, isTokenValid } from './token.js'
import { ToldUnionids, type Told } from './told-unionids.js'
import type { WechatLogger, WechatToken } from '../types.js'

// Overlapping logins end within a few seconds of each other, so a limited number is enough.
const mostSaved = 1000

export interface TokenRecordsOptions {
  access: StoreAccess
  now: () => number
  saveSnapshotUsers: boolean
  logger: WechatLogger | undefined
}

/** The latest login of a user that this process saved. */
interface SavedLogin {
  order: number
  createAt: number
}

/** The source of a refreshed token. */
export interface RefreshOrigin {
  refreshToken: string
  /** The record that was read under the lock. Absent if the application gave the refresh token: then a new record may be made. */
  record?: WechatToken
  /** Whether the lock under which the token was obtained is still held. */
  isOurs?: () => boolean
}

/** The users' records in the token store, and the rules for when they are written. */
export class TokenRecords {
  readonly #access: StoreAccess
  readonly #now: () => number
  readonly #saveSnapshotUsers: boolean
  readonly #logger: WechatLogger | undefined
  #questions = 0
  readonly #saved = new BoundedMap<string, SavedLogin>(mostSaved)
  readonly #unionids = new ToldUnionids((openid, take) => this.#writeUnionid(openid, take))

  constructor({ access, now, saveSnapshotUsers, logger }: TokenRecordsOptions) {
    this.#access = access
    this.#now = now
    this.#saveSnapshotUsers = saveSnapshotUsers
    this.#logger = logger
  }

  /** @throws StoreError */
  read(openid: string): Promise<WechatToken | undefined> {
    return this.#access.read(openid)
  }

  /** Notes the start of a login: its time, and its place in the order of questions to WeChat. */
  startLogin(): { createAt: number; order: number } {
    return { createAt: this.#now(), order: this.startQuestion() }
  }

  /** Numbers a question to WeChat. In this process, a later question has a greater number. */
  startQuestion(): number {
    this.#questions += 1
    return this.#questions
  }

  /**
   * Saves the token of a login. It replaces the whole record, unless that would lose something. It always replaces a record that
   * cannot be used.
   *
   * @param order - the number of the question that WeChat answered with this token
   */
  async saveLogin(token: WechatToken, order: number): Promise<void> {
    if (token.is_snapshotuser && !this.#saveSnapshotUsers) return
    await this.#access.change(
      token.openid,
      (stored) => {
        if (stored && this.#isOfLaterLogin(stored, token, order)) return undefined
        if (stored && this.#isWorthMore(stored, token)) return undefined
        if (stored && isAheadOfClock(stored.create_at, this.#now())) {
          this.#logger?.warn('A login replaces a token store record whose create_at is in the future')
        }
        return token
      },
      {
        onReplaced: (problem) => {
          this.#warn('A login replaces a record in the token store that cannot be used', problem)
        },
        onSaved: () => {
          this.#saved.set(token.openid, { order, createAt: token.create_at })
        },
      },
    )
  }

  /** Whether the stored token is worth more: a silent login must not replace a token that can read the user's profile. */
  #isWorthMore(stored: WechatToken, token: WechatToken): boolean {
    const isWider = stored.access_token !== undefined && !isBaseScope(stored.scope)
    return isBaseScope(token.scope) && isWider && isTokenOfUse(stored, this.#now())
  }

  /**
   * Whether the stored record belongs to a login that started after this one.
   *
   * For logins of this process, the order decides. For logins of other processes there are only times, from clocks that may
   * differ by minutes. If the clocks agree, a later login that is already saved started after this one and before now, so only
   * such a time counts. A time in the future proves nothing. Then this login is saved, because losing a login is worse than
   * saving an older one late. (Clocks that differ can mislead only a login that is running at the moment when its own clock
   * reaches the time that the other clock gave to an earlier login.)
   */
  #isOfLaterLogin(stored: WechatToken, token: WechatToken, order: number): boolean {
    const saved = this.#saved.get(token.openid)
    if (saved && (saved.order > order || saved.createAt === stored.create_at)) return saved.order > order
    return isWithin(stored.create_at, token.create_at, this.#now())
  }

  /**
   * Saves a refreshed token. It keeps the unionid and the fields that the application added. A valid token that was saved
   * meanwhile stays.
   *
   * @returns the record in the store
   */
  async saveRefresh(token: WechatToken, origin: RefreshOrigin): Promise<WechatToken> {
    const { refreshToken, record, isOurs = () => true } = origin
    // Clocks differ, so times are compared only if the refresh token's record is unknown.
    const wasSavedMeanwhile = (stored: WechatToken): boolean =>
      record
        ? stored.access_token !== record.access_token || stored.refresh_token !== record.refresh_token
        : stored.refresh_token !== refreshToken && stored.create_at > token.create_at
    let result = token
    await this.#access.change(token.openid, (stored) => {
      if (stored && wasSavedMeanwhile(stored) && isTokenValid(stored, this.#now())) {
        result = stored
        return undefined
      }
      result = { ...stored, ...token }
      return (stored || !record) && isOurs() ? result : undefined
    })
    return result
  }

  /**
   * Adds a unionid that was first seen after the login. The caller already has WeChat's reply, so a failure is only logged. The
   * caller waits for it anyway, within the store's timeout: then the next read is complete, and nothing is lost if the process
   * ends.
   *
   * @param isSaved - whether the record had this unionid when WeChat was asked
   */
  addUnionid(openid: string, told: Told, isSaved: boolean): Promise<void> {
    return this.#unionids.save(openid, told, isSaved)
  }

  async #writeUnionid(openid: string, take: () => Told): Promise<void> {
    try {
      await this.#access.change(openid, (stored) => {
        const { unionid, order } = take()
        if (!stored || stored.unionid === unionid) return undefined
        const isOlderThanLogin = stored.unionid !== undefined && (this.#saved.get(openid)?.order ?? 0) > order
        return isOlderThanLogin ? undefined : { ...stored, unionid }
      })
    } catch (error) {
      this.#warn('Could not add the unionid to the record of a user', error)
    }
  }

  /**
   * Saves a session_key that replaces another one, and keeps the rest of the record. If a login was saved meanwhile, its key
   * stays, because it is newer no matter which reply came first.
   *
   * @param replaced - the session_key that was valid until now
   * @returns the record in the store
   */
  async saveSessionKey(
    session: WechatToken & { session_key: string },
    replaced: string,
  ): Promise<WechatToken & { session_key: string }> {
    let result = session
    await this.#access.change(session.openid, (stored) => {
      if (!stored) return undefined
      if (stored.session_key === undefined || stored.session_key === replaced) {
        const since = isAheadOfClock(stored.create_at, this.#now()) ? 0 : stored.create_at
        result = { ...stored, ...session, create_at: Math.max(since, session.create_at) }
        return result
      }
      result = { ...stored, session_key: stored.session_key }
      return undefined
    })
    return result
  }

  #warn(message: string, error: unknown): void {
    const { code, reason } = error as Partial<StoreFailure>
    this.#logger?.warn(message, { code, ...(reason !== undefined && { reason }) })
  }
}
