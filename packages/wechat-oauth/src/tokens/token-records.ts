import { isAheadOfClock, isWithin } from '../lib/clocks.js'
import { BoundedMap } from '../lib/bounded-map.js'
import type { StoreAccess, StoreFailure } from './store-access.js'
import { isBaseScope, isTokenOfUse, isTokenValid } from './token.js'
import { ToldUnionids, type Told } from './told-unionids.js'
import type { WechatLogger, WechatToken } from '../types.js'

// Logins that overlap end within a few seconds of each other.
const mostSaved = 1000

export interface TokenRecordsOptions {
  access: StoreAccess
  now: () => number
  saveSnapshotUsers: boolean
  logger: WechatLogger | undefined
}

/** The login of a user that this process saved last. */
interface SavedLogin {
  order: number
  createAt: number
}

/** Where a refreshed token comes from. */
export interface RefreshOrigin {
  refreshToken: string
  /** What was read under the lock. Absent where the application gave the refresh token: it may make a record. */
  record?: WechatToken
  /** Whether the lock under which the token was obtained is still held. */
  isOurs?: () => boolean
}

/** The users' records in the token store: the rules of what is written when. */
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

  /** What a login's record needs to know of its beginning. */
  startLogin(): { createAt: number; order: number } {
    return { createAt: this.#now(), order: this.startQuestion() }
  }

  /** Which question to WeChat it is: of two in this process, the later has the greater number. */
  startQuestion(): number {
    this.#questions += 1
    return this.#questions
  }

  /**
   * A login replaces the record whole, unless that would lose something. It always replaces what cannot be
   * used.
   *
   * @param order - of the question that was answered with it
   */
  async saveLogin(token: WechatToken, order: number): Promise<void> {
    if (token.is_snapshotuser && !this.#saveSnapshotUsers) return
    await this.#access.change(
      token.openid,
      (stored) => {
        if (stored && this.#isOfLaterLogin(stored, token, order)) return undefined
        if (stored && this.#isWorthMore(stored, token)) return undefined
        if (stored && isAheadOfClock(stored.create_at, this.#now())) {
          this.#logger?.warn('A login replaces a record in the token store whose create_at is in the future')
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

  /** A silent login must not destroy the token that reads the user's profile. */
  #isWorthMore(stored: WechatToken, token: WechatToken): boolean {
    const isWider = stored.access_token !== undefined && !isBaseScope(stored.scope)
    return isBaseScope(token.scope) && isWider && isTokenOfUse(stored, this.#now())
  }

  /**
   * Whether a login that began after this one was saved before it.
   *
   * In this process the order tells. For logins of other processes there are only times, by clocks that may
   * be minutes apart. If the clocks agree, a later login that is saved already began after this one and
   * before now: only such a time counts. A time that is ahead of our clock proves nothing, and to lose a
   * login costs more than to save an older one late, so this one is saved. (Clocks that differ can mislead
   * only a login that is on its way at the very moment when its own clock reaches the time that the other
   * clock gave to an earlier login.)
   */
  #isOfLaterLogin(stored: WechatToken, token: WechatToken, order: number): boolean {
    const saved = this.#saved.get(token.openid)
    if (saved && (saved.order > order || saved.createAt === stored.create_at)) return saved.order > order
    return isWithin(stored.create_at, token.create_at, this.#now())
  }

  /**
   * A refresh keeps the unionid and what the application added. It gives way to a good token that came in
   * meanwhile.
   *
   * @returns the record as it now is
   */
  async saveRefresh(token: WechatToken, origin: RefreshOrigin): Promise<WechatToken> {
    const { refreshToken, record, isOurs = () => true } = origin
    // Clocks differ: times are compared only where it is not known which record the refresh token came from.
    const cameMeanwhile = (stored: WechatToken): boolean =>
      record
        ? stored.access_token !== record.access_token || stored.refresh_token !== record.refresh_token
        : stored.refresh_token !== refreshToken && stored.create_at > token.create_at
    let result = token
    await this.#access.change(token.openid, (stored) => {
      if (stored && cameMeanwhile(stored) && isTokenValid(stored, this.#now())) {
        result = stored
        return undefined
      }
      result = { ...stored, ...token }
      return (stored || !record) && isOurs() ? result : undefined
    })
    return result
  }

  /**
   * Adds a unionid that was first seen after the login. WeChat has answered those who asked for the user, so
   * a failure goes to the logger and to nobody else. They wait for it all the same, for no longer than a
   * visit to the store may take: what they read afterwards is complete, and a process that ends after its
   * last answer has lost nothing.
   *
   * @param isSaved - the record had this unionid when WeChat was asked
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
      this.#warn('A unionid could not be added to the record of its user', error)
    }
  }

  /**
   * A session_key that replaces another keeps the rest of the record, and gives way to a login that came in meanwhile: the
   * key of that one is newer, whichever answer came first.
   *
   * @param replaced - the session_key that was good until now
   * @returns the record as it now is
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
