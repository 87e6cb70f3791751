import { recordKind, refreshChannel, traced } from '../lib/channels.js'
import type { WechatRefreshMessage } from '../diagnostics.js'
import { clockMargin, isAheadOfClock } from '../lib/clocks.js'
import { isUnusableRecord, type WechatError } from '../errors.js'
import type { Credential } from '../http/reply-fields.js'
import { isFingerprintOf, secretFingerprint } from './secret-fingerprint.js'
import type { StoreAccess } from './store-access.js'
import { toNumber } from '../lib/values.js'
import type { WechatLogger, WechatToken } from '../types.js'

// How long a credential is used before the store is asked again, in milliseconds.
const memoTime = 10_000
// As much as clocks may differ, so that a credential is renewed before it expires even if the clock that dated it was ahead.
const longestMargin = clockMargin
const pauseAfterFailure = 5000
const pauseBetweenForced = 30_000

/** A credential, and whether it certainly belongs to the app secret. */
export interface SourcedCredential extends Credential {
  /** Whether WeChat gave it to this app secret. `false` if that is unknown, because an older version saved it. */
  isBound: boolean
}

export interface CachedCredentialOptions {
  appId: string
  /** The key of the record in the store, and of the lock. */
  key: string
  appSecret: string
  access: StoreAccess
  now: () => number
  logger: WechatLogger | undefined
  /** Asks WeChat for a credential. `force`: for a new one, even if WeChat considers the current one valid. */
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
 * An app-level credential. The token store keeps it for all processes. One process renews it before it expires, while the
 * others and all callers use the old one.
 *
 * A record that belongs to another app secret is neither used nor deleted, because this client may have the wrong appId. It is
 * replaced once WeChat gives a credential to this secret, which shows that the secret was reset.
 */
export class CachedCredential {
  readonly #options: CachedCredentialOptions
  #held: Held | undefined
  #look: Promise<SourcedCredential | undefined> | undefined
  #renewal: Renewal | undefined
  /** The credentials that WeChat refused since it last gave us one. */
  readonly #refused = new Set<string>()
  #failedAt = -Infinity
  #forcedAt = -Infinity

  constructor(options: CachedCredentialOptions) {
    this.#options = options
  }

  /** Returns a valid credential. It waits for WeChat only if there is none. */
  async get(): Promise<SourcedCredential> {
    const current = await this.#current()
    if (!current) return this.#renew()
    if (this.#isDue(current)) this.#renewInBackground()
    return current
  }

  /** Returns a credential that is not about to expire, for callers that can wait. If it cannot get one, returns a valid one. */
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

  /** Gets a new credential, although the current one may be valid. Callers at the same time share it. */
  async forceRenewal(): Promise<SourcedCredential> {
    const current = await this.#current()
    return this.#renew({ instead: current?.access_token })
  }

  /** Returns another credential, after WeChat refused a call with `refused`. */
  async replace(refused: string): Promise<SourcedCredential> {
    const held = this.#held?.credential
    if (held && held.access_token !== refused && this.#isGood(held)) return held
    this.#refused.add(refused)
    this.#held = undefined
    const current = await this.get()
    // A renewal that was already running may have found the refused one in the store.
    return this.#refused.has(current.access_token) ? this.#renew() : current
  }

  /** Says whether there is a credential, without asking WeChat. If the store fails, only the one in memory counts. */
  async health(): Promise<'ok' | 'expiring' | 'none'> {
    const stored = await this.#options.access.read(this.#options.key).catch(() => undefined)
    const known = [this.#held?.credential, this.#credentialIn(stored)].filter((one) => one !== undefined)
    if (known.length === 0) return 'none'
    return known.some((credential) => this.#isGood(credential) && !this.#isDue(credential))
      ? 'ok'
      : 'expiring'
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
      // It was renewed meanwhile, so the record may be older.
      if (this.#held && this.#held !== before) return this.#held.credential
      // A record of another secret does not invalidate the credential that this secret was given.
      const keepsOwn = this.#isForeign(stored) && this.#stillHolds(before) && before.credential.isBound
      const usable = keepsOwn ? before.credential : this.#usable(stored)
      return usable && this.#hold(usable)
    } catch (error) {
      // If the store is down, use the credential in memory as long as it is valid.
      if (this.#stillHolds(before)) {
        this.#warn('The token store failed: using the credential in memory', error)
        return this.#hold(before.credential)
      }
      if (!isUnusableRecord(error)) throw error
      return undefined
    }
  }

  #stillHolds(before: Held | undefined): before is Held {
    return before !== undefined && this.#held === before && this.#isGood(before.credential)
  }

  // All callers share one renewal, but a forced one never joins one that may keep the current credential.
  #renew(forced?: { instead: string | undefined }): Promise<SourcedCredential> {
    const running = this.#renewal
    if (running && (running.forced || !forced)) return running.result
    const { appId, access, key } = this.#options
    const renew = async (): Promise<SourcedCredential> => {
      await running?.result.catch(() => undefined)
      return traced(
        refreshChannel,
        () => ({ appId, record: recordKind(key) }),
        (message) => access.withLock(key, (isOurs) => this.#renewLocked(isOurs, forced, message)),
      )
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
    message: WechatRefreshMessage | undefined,
  ): Promise<SourcedCredential> {
    const { access, key } = this.#options
    const stored = await access.read(key).catch((error: unknown) => {
      // The renewal replaces the unusable record.
      if (!isUnusableRecord(error)) throw error
      return undefined
    })
    const current = this.#usable(stored)
    if (current && (forced ? current.access_token !== forced.instead : !this.#isDue(current))) {
      if (message) message.renewed = false
      return this.#hold(current)
    }
    if (stored?.access_token !== undefined && this.#refused.has(stored.access_token))
      await this.#drop(stored.access_token)
    const fresh = await this.#obtain(forced !== undefined)
    if (message) message.renewed = true
    return this.#save(fresh, stored?.access_token, isOurs)
  }

  async #obtain(force: boolean): Promise<SourcedCredential> {
    let fresh = await this.#request(force)
    // Without force, WeChat returns a credential that it considers valid, even if another of its servers has refused it.
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
    // Held before it is saved: if saving fails, the next call need not ask WeChat again.
    let result = this.#hold(fresh)
    await access.change(
      key,
      (stored) => {
        // A ticket for an unbound token does not show that WeChat accepts this secret.
        if (!fresh.isBound && this.#isForeign(stored)) return undefined
        const current = this.#usable(stored)
        const isNewer = current && current.access_token !== replaced && current.create_at > fresh.create_at
        if (!isNewer) return isOurs() ? this.#toRecord(fresh) : undefined
        result = this.#hold(current)
        return undefined
      },
      {
        onReplaced: (problem) => {
          this.#warn('Replacing an unusable record in the token store', problem)
        },
      },
    )
    return result
  }

  /** Deletes a refused credential from the store, unless it has been replaced. */
  async #drop(refused: string): Promise<void> {
    await this.#options.access.change(this.#options.key, (stored) =>
      stored?.access_token === refused && !this.#isForeign(stored) ? null : undefined,
    )
  }

  // A failure is only logged, because the current credential is still valid.
  #renewInBackground(): void {
    if (this.#renewal || this.#hasPassedSince(this.#failedAt) < pauseAfterFailure) return
    this.#renew().catch((error: unknown) => {
      this.#failedAt = this.#options.now()
      this.#warn('Could not renew a credential before it expires', error)
    })
  }

  #hold(credential: SourcedCredential): SourcedCredential {
    this.#held = { credential, checkedAt: this.#options.now() }
    return credential
  }

  #usable(stored: WechatToken | undefined): SourcedCredential | undefined {
    const credential = this.#credentialIn(stored)
    return credential && this.#isGood(credential) ? credential : undefined
  }

  /** The credential of a record, unless WeChat refused it or it belongs to another app secret. It may have expired. */
  #credentialIn(stored: WechatToken | undefined): SourcedCredential | undefined {
    const accessToken = stored?.access_token
    if (!stored || accessToken === undefined || this.#refused.has(accessToken)) return undefined
    if (this.#isForeign(stored)) return undefined
    return {
      access_token: accessToken,
      expires_in: toNumber(stored.expires_in) ?? 0,
      create_at: stored.create_at,
      isBound: stored.scope !== undefined,
    }
  }

  /** Whether a record belongs to another app secret. */
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

  // An absolute value, because the clock may have been set back.
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
