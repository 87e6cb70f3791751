import type { WechatMode } from '@wechat-auth/wechat-oauth'
import type { Request } from 'express'

/** What a state store is told about the login. The first four are passport-oauth2's. */
export interface StateMeta {
  authorizationURL: string
  tokenURL: string
  /** The appId. */
  clientID: string
  callbackURL?: string
  /** The mode that the request asks for; on a callback, the record's counts. */
  mode: WechatMode
  /**
   * The login is secure: its callback URL is https. What this request came over does not count, because a
   * proxy in front of the application may speak http to it. It counts, as far as the strategy trusts to know,
   * where the callback URL is relative, and on a callback where neither the call nor the strategy has a URL.
   */
  secure: boolean
  /** On a callback: hash of the code that it carries. A store that answers `'used'` must have seen the same hash. */
  codeHash?: string
}

/** Answers the state to send to WeChat. */
export type StoreCallback = (error?: unknown, state?: string) => void

/**
 * `ok`: whether the state is known. `'used'`: known, and used before with the same code; that is good enough for the second
 * of two equal callbacks, never for a login. `state`: what `store` was given; without `ok`, `'expired'` says
 * that the state is known, but too old.
 */
export type VerifyCallback = (error?: unknown, ok?: unknown, state?: unknown) => void

/**
 * A state store of passport-oauth2: the number of declared parameters says what it wants. Where several apps share a
 * strategy, it must be one that keeps the application's state (four or five parameters).
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
