import { clockMargin, isAheadOfClock } from '../lib/clocks.js'
import { isUnusableRecord, type WechatError } from '../errors.js'
import type { Credential } from '../http/reply-fields.js'
import { isFingerprintOf, secretFingerprint } from './secret-fingerprint.js'
import type { StoreAccess } from './store-access.js'
import { toNumber } from '../lib/values.js'
import type { WechatLogger, WechatToken } from '../types.js'

// How long the store need not be asked again.
const memoTime = 10_000
// As much as clocks may differ: what another clock calls younger than it is must be renewed in time, too.
const longestMargin = clockMargin
const pauseAfterFailure = 5000
const pauseBetweenForced = 30_000

/** A credential, and whether it belongs to an app secret. */
export interface SourcedCredential extends Credential {
  /** WeChat gave it to this app secret. `false` where nobody knows: an older version saved it. */
  isBound: boolean
}

export interface CachedCredentialOptions {
  /** Of the record in the store, and of the lock. */
  key: string
  appSecret: string
  access: StoreAccess
  now: () => number
  logger: WechatLogger | undefined
  /** Asks WeChat. `force`: for another than the one that WeChat considers good. */
  obtain: (force: boolean) => Promise<SourcedCredential>
}

interface Held {
  credential: SourcedCredential
  checkedAt: number
}

interface Renewal {
  result: Promise<SourcedCredential>
  forced: boolean
}

/**
 * An app-level credential: kept in the token store for all processes, renewed by one of them ahead of its end, while the
 * others and all callers go on with the old one.
 *
 * A record that belongs to another app secret is neither used nor deleted: this client may have a wrong appId.
 * What WeChat gives to this secret replaces it: then the secret was reset.
 */
export class CachedCredential {
  readonly #options: CachedCredentialOptions
  #held: Held | undefined
  #look: Promise<SourcedCredential | undefined> | undefined
  #renewal: Renewal | undefined
  /** What WeChat refused, until it has handed out something else. */
  readonly #refused = new Set<string>()
  #failedAt = -Infinity
  #forcedAt = -Infinity

  constructor(options: CachedCredentialOptions) {
    this.#options = options
  }

  /** One that is good; waits for WeChat only where there is none. */
  async get(): Promise<SourcedCredential> {
    const current = await this.#current()
    if (!current) return this.#renew()
    if (this.#isDue(current)) this.#renewInBackground()
    return current
  }

  /** The same for who has time: one that is not about to end, where that is to be had. */
  async getLasting(): Promise<SourcedCredential> {
    const current = await this.#current()
    if (current && !this.#isDue(current)) return current
    try {
      return await this.#renew()
    } catch (error) {
      if (!current || !this.#isGood(current)) throw error
      return current
    }
  }

  /** A new one, though the current one may be good. Who asks at the same time shares it. */
  async forceRenewal(): Promise<SourcedCredential> {
    const current = await this.#current()
    return this.#renew({ instead: current?.access_token })
  }

  /** One for somebody whose call was refused with `refused`. */
  async replace(refused: string): Promise<SourcedCredential> {
    const held = this.#held?.credential
    if (held && held.access_token !== refused && this.#isGood(held)) return held
    this.#refused.add(refused)
    this.#held = undefined
    const current = await this.get()
    // A renewal that was already under way may have found the refused one in the store.
    return this.#refused.has(current.access_token) ? this.#renew() : current
  }

  async #current(): Promise<SourcedCredential | undefined> {
    const held = this.#held
    if (held && this.#isGood(held.credential) && this.#hasPassedSince(held.checkedAt) < memoTime)
      return held.credential
    this.#look ??= this.#lookUp(held).finally(() => {
      this.#look = undefined
    })
    return this.#look
  }

  async #lookUp(before: Held | undefined): Promise<SourcedCredential | undefined> {
    try {
      const stored = await this.#options.access.read(this.#options.key)
      // Renewed in the meantime: what was read may be older.
      if (this.#held && this.#held !== before) return this.#held.credential
      // A record of another secret does not mean that what this one was given is no longer good.
      const keepsOwn = this.#isForeign(stored) && this.#stillHolds(before) && before.credential.isBound
      const usable = keepsOwn ? before.credential : this.#usable(stored)
      return usable && this.#hold(usable)
    } catch (error) {
      // Where the store is down, what is at hand will do as long as it is good.
      if (this.#stillHolds(before)) {
        this.#warn('The token store failed: the credential in memory is used', error)
        return this.#hold(before.credential)
      }
      if (!isUnusableRecord(error)) throw error
      return undefined
    }
  }

  #stillHolds(before: Held | undefined): before is Held {
    return before !== undefined && this.#held === before && this.#isGood(before.credential)
  }

  // One for all callers, except that a renewal that may find the current one good enough will not do for who wants another.
  #renew(forced?: { instead: string | undefined }): Promise<SourcedCredential> {
    const running = this.#renewal
    if (running && (running.forced || !forced)) return running.result
    const { access, key } = this.#options
    const renew = async (): Promise<SourcedCredential> => {
      await running?.result.catch(() => undefined)
      return access.withLock(key, (isOurs) => this.#renewLocked(isOurs, forced))
    }
    const renewal: Renewal = {
      forced: forced !== undefined,
      result: renew().finally(() => {
        if (this.#renewal === renewal) this.#renewal = undefined
      }),
    }
    this.#renewal = renewal
    return renewal.result
  }

  async #renewLocked(
    isOurs: () => boolean,
    forced: { instead: string | undefined } | undefined,
  ): Promise<SourcedCredential> {
    const { access, key } = this.#options
    const stored = await access.read(key).catch((error: unknown) => {
      // A renewal replaces it.
      if (!isUnusableRecord(error)) throw error
      return undefined
    })
    const current = this.#usable(stored)
    if (current && (forced ? current.access_token !== forced.instead : !this.#isDue(current)))
      return this.#hold(current)
    if (stored?.access_token !== undefined && this.#refused.has(stored.access_token))
      await this.#drop(stored.access_token)
    const fresh = await this.#obtain(forced !== undefined)
    return this.#save(fresh, stored?.access_token, isOurs)
  }

  async #obtain(force: boolean): Promise<SourcedCredential> {
    let fresh = await this.#request(force)
    // Without force, WeChat hands out what it considers good, even where its servers do not agree on that.
    const mayForce = !force && this.#hasPassedSince(this.#forcedAt) >= pauseBetweenForced
    if (mayForce && this.#refused.has(fresh.access_token)) fresh = await this.#request(true)
    this.#refused.clear()
    return fresh
  }

  async #request(force: boolean): Promise<SourcedCredential> {
    if (force) this.#forcedAt = this.#options.now()
    return this.#options.obtain(force)
  }

  async #save(
    fresh: SourcedCredential,
    replaced: string | undefined,
    isOurs: () => boolean,
  ): Promise<SourcedCredential> {
    const { access, key } = this.#options
    // Before it is saved: should that fail, WeChat need not be asked again at every call.
    let result = this.#hold(fresh)
    await access.change(
      key,
      (stored) => {
        // A ticket that an unbound token bought does not show that WeChat takes this secret.
        if (!fresh.isBound && this.#isForeign(stored)) return undefined
        const current = this.#usable(stored)
        const isNewer = current && current.access_token !== replaced && current.create_at > fresh.create_at
        if (!isNewer) return isOurs() ? this.#toRecord(fresh) : undefined
        result = this.#hold(current)
        return undefined
      },
      {
        onReplaced: (problem) => {
          this.#warn('A record in the token store that cannot be used is replaced', problem)
        },
      },
    )
    return result
  }

  /** Out of the store, unless it has been replaced. */
  async #drop(refused: string): Promise<void> {
    await this.#options.access.change(this.#options.key, (stored) =>
      stored?.access_token === refused && !this.#isForeign(stored) ? null : undefined,
    )
  }

  // Nobody waits for it, and nobody hears of a failure: the current one is still good.
  #renewInBackground(): void {
    if (this.#renewal || this.#hasPassedSince(this.#failedAt) < pauseAfterFailure) return
    this.#renew().catch((error: unknown) => {
      this.#failedAt = this.#options.now()
      this.#warn('A credential could not be renewed ahead of its end', error)
    })
  }

  #hold(credential: SourcedCredential): SourcedCredential {
    this.#held = { credential, checkedAt: this.#options.now() }
    return credential
  }

  #usable(stored: WechatToken | undefined): SourcedCredential | undefined {
    const accessToken = stored?.access_token
    if (!stored || accessToken === undefined || this.#refused.has(accessToken)) return undefined
    if (this.#isForeign(stored)) return undefined
    const credential = {
      access_token: accessToken,
      expires_in: toNumber(stored.expires_in) ?? 0,
      create_at: stored.create_at,
      isBound: stored.scope !== undefined,
    }
    return this.#isGood(credential) ? credential : undefined
  }

  /** It belongs to another app secret. */
  #isForeign(stored: WechatToken | undefined): boolean {
    const { appSecret, key } = this.#options
    return stored?.scope !== undefined && !isFingerprintOf(appSecret, key, stored.scope)
  }

  #toRecord({ isBound, ...credential }: SourcedCredential): WechatToken {
    const { appSecret, key } = this.#options
    return { openid: key, ...credential, ...(isBound && { scope: secretFingerprint(appSecret, key) }) }
  }

  #isGood(credential: Credential): boolean {
    const { create_at: createAt, expires_in: expiresIn } = credential
    const now = this.#options.now()
    return now < createAt + expiresIn * 1000 && !isAheadOfClock(createAt, now)
  }

  #isDue({ create_at: createAt, expires_in: expiresIn }: Credential): boolean {
    const margin = Math.min(longestMargin, (expiresIn * 1000) / 10)
    return this.#options.now() >= createAt + expiresIn * 1000 - margin
  }

  // The clock may have been set back.
  #hasPassedSince(time: number): number {
    return Math.abs(this.#options.now() - time)
  }

  #warn(message: string, error: unknown): void {
    const { code, errcode } = (error ?? {}) as Partial<WechatError & { errcode: number }>
    const { key, logger } = this.#options
    logger?.warn(
      message,
      Object.fromEntries(
        Object.entries({ credential: key, code, errcode }).filter(([, value]) => value !== undefined),
      ),
    )
  }
}
