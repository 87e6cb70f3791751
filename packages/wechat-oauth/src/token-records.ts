import type { StoreAccess } from './store-access.js'
import { isBaseScope, isTokenOfUse } from './token.js'
import type { WechatToken } from './types.js'

// Logins that began in the same millisecond end within a few seconds of each other.
const mostSaved = 1000

export interface TokenRecordsOptions {
  access: StoreAccess
  now: () => number
  saveSnapshotUsers: boolean
}

/** The users' records in the token store: the rules of what is written when. */
export class TokenRecords {
  readonly #access: StoreAccess
  readonly #now: () => number
  readonly #saveSnapshotUsers: boolean
  #logins = 0
  /** Which login of a user was saved last, the latest users only. */
  readonly #saved = new Map<string, number>()

  constructor({ access, now, saveSnapshotUsers }: TokenRecordsOptions) {
    this.#access = access
    this.#now = now
    this.#saveSnapshotUsers = saveSnapshotUsers
  }

  /** @throws TokenStoreError */
  read(openid: string): Promise<WechatToken | undefined> {
    return this.#access.read(openid)
  }

  /** What a login's record needs to know of its beginning. */
  startLogin(): { createAt: number, order: number } {
    this.#logins += 1
    return { createAt: this.#now(), order: this.#logins }
  }

  /**
   * A login replaces the record whole, unless that would lose something.
   *
   * @param order - tells which of two logins in this process began later, where the clock does not
   */
  async saveLogin(token: WechatToken, order: number): Promise<void> {
    if (token.is_snapshotuser && !this.#saveSnapshotUsers) return
    await this.#access.change(token.openid, (stored) => {
      const isLate = stored && (stored.create_at > token.create_at || (stored.create_at === token.create_at && this.#savedOf(token.openid) > order))
      if (isLate) return undefined
      this.#noteSaved(token.openid, order)
      if (!stored) return token
      // A silent login must not destroy the token that reads the user's profile.
      const narrower = isBaseScope(token.scope) && stored.access_token !== undefined && !isBaseScope(stored.scope)
      return narrower && isTokenOfUse(stored, this.#now()) ? undefined : token
    })
  }

  #savedOf(openid: string): number {
    return this.#saved.get(openid) ?? 0
  }

  #noteSaved(openid: string, order: number): void {
    this.#saved.delete(openid)
    this.#saved.set(openid, order)
    for (const oldest of this.#saved.keys()) {
      if (this.#saved.size <= mostSaved) break
      this.#saved.delete(oldest)
    }
  }

  /**
   * A refresh keeps the unionid and what the application added, and gives way to a login that came in meanwhile.
   *
   * @param mayCreate - save it even where there is no record (any more)
   * @param isOurs - whether the lock under which the token was obtained is still held
   * @returns the record as it now is
   */
  async saveRefresh(token: WechatToken, { mayCreate, isOurs = () => true }: { mayCreate: boolean, isOurs?: () => boolean }): Promise<WechatToken> {
    let result = token
    await this.#access.change(token.openid, (stored) => {
      if (stored && stored.create_at > token.create_at) {
        result = stored
        return undefined
      }
      result = { ...stored, ...token }
      return (stored || mayCreate) && isOurs() ? result : undefined
    })
    return result
  }

  /** Adds a unionid that was first seen after the login. */
  addUnionid(openid: string, unionid: string): Promise<void> {
    return this.#access.change(openid, (stored) => (stored && stored.unionid !== unionid ? { ...stored, unionid } : undefined))
  }

  /**
   * A session_key that replaces another keeps the rest of the record, and gives way to a login that came in meanwhile: the
   * key of that one is newer, whichever answer came first.
   *
   * @param replaced - the session_key that was good until now
   * @returns the record as it now is
   */
  async saveSessionKey(session: WechatToken & { session_key: string }, replaced: string): Promise<WechatToken & { session_key: string }> {
    let result = session
    await this.#access.change(session.openid, (stored) => {
      if (!stored) return undefined
      if (stored.session_key === undefined || stored.session_key === replaced) {
        result = { ...stored, ...session, create_at: Math.max(stored.create_at, session.create_at) }
        return result
      }
      result = { ...stored, session_key: stored.session_key }
      return undefined
    })
    return result
  }
}
