import { BoundedMap } from './bounded-map.js'
import { newSessionKey } from './ids.js'

/** The current session_key of each mini-program user, created on first use. */
export class SessionKeys {
  readonly #keys = new BoundedMap<string, string>(100_000)

  get(appId: string, userId: string): string {
    return this.#keys.get(keyOf(appId, userId)) ?? this.renew(appId, userId)
  }

  /** Replaces the key, as `wx.login` may do. Data encrypted with the old key can no longer be decrypted. */
  renew(appId: string, userId: string, sessionKey = newSessionKey()): string {
    this.#keys.set(keyOf(appId, userId), sessionKey)
    return sessionKey
  }

  reset(): void {
    this.#keys.clear()
  }
}

function keyOf(appId: string, userId: string): string {
  return JSON.stringify([appId, userId])
}
