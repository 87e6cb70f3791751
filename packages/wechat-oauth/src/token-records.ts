import type { StoreAccess } from './store-access.js'
import { isBaseScope, isTokenOfUse } from './token.js'
import type { WechatToken } from './types.js'

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

  constructor({ access, now, saveSnapshotUsers }: TokenRecordsOptions) {
    this.#access = access
    this.#now = now
    this.#saveSnapshotUsers = saveSnapshotUsers
  }

  /** @throws TokenStoreError */
  async read(openid: string): Promise<WechatToken | undefined> {
    return this.#access.read(openid)
  }

  /** A login replaces the record whole, unless that would lose something. */
  async saveLogin(token: WechatToken): Promise<void> {
    if (token.is_snapshotuser && !this.#saveSnapshotUsers) return
    await this.#access.change(token.openid, (stored) => {
      if (!stored) return token
      if (stored.create_at > token.create_at) return undefined
      // A silent login must not destroy the token that reads the user's profile.
      const narrower = isBaseScope(token.scope) && stored.access_token !== undefined && !isBaseScope(stored.scope)
      return narrower && isTokenOfUse(stored, this.#now()) ? undefined : token
    })
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
  async addUnionid(openid: string, unionid: string): Promise<void> {
    await this.#access.change(openid, (stored) => (stored && stored.unionid !== unionid ? { ...stored, unionid } : undefined))
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
