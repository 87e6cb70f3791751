import type { WechatMode } from '@wechat-auth/wechat-oauth'
import type { Request } from 'express'

/** Facts about the login for a state store. The first four are passport-oauth2's. */
export interface StateMeta {
  authorizationURL: string
  tokenURL: string
  /** The appId. */
  clientID: string
  callbackURL?: string
  /** The mode of this request. On a callback, the mode in the record counts. */
  mode: WechatMode
  /**
   * Whether the callback URL is https. The protocol of this request does not count, because a proxy may use http to reach the
   * application. It counts only if the callback URL is relative, and on a callback if neither the call nor the strategy has a
   * URL; the strategy then relies on what it trusts.
   */
  secure: boolean
  /** On a callback: hash of its code. A store may answer `'used'` only if it has seen the same hash. */
  codeHash?: string
}

/** Receives the state to send to WeChat. */
export type StoreCallback = (error?: unknown, state?: string) => void

/**
 * `ok`: whether the state is known. `'used'` means that it is known and was used before with the same code. The second of two
 * equal callbacks may continue with that, but a login may not. `state`: the state that `store` received. If `ok` is false,
 * `'expired'` means that the state is known, but too old.
 */
export type VerifyCallback = (error?: unknown, ok?: unknown, state?: unknown) => void

/**
 * A state store of passport-oauth2. The number of parameters that its functions declare determines their arguments. If several
 * apps share a strategy, the store must keep the application's state (four or five parameters).
 */
export type StateStore = (
  | { store(req: Request, callback: StoreCallback): unknown }
  | { store(req: Request, meta: StateMeta, callback: StoreCallback): unknown }
  | { store(req: Request, state: unknown, meta: StateMeta, callback: StoreCallback): unknown }
  | {
      store(
        req: Request,
        verifier: string | undefined,
        state: unknown,
        meta: StateMeta,
        callback: StoreCallback,
      ): unknown
    }
) &
  (
    | { verify(req: Request, state: string, callback: VerifyCallback): unknown }
    | { verify(req: Request, state: string, meta: StateMeta, callback: VerifyCallback): unknown }
  )
