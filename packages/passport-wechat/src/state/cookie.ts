import { createHmac, timingSafeEqual } from 'node:crypto'
import { WechatError } from '@wechat-auth/wechat-oauth'
import { refuseUnless, refuseWrongNames, settled } from '@wechat-auth/wechat-oauth/strategy-kit'
import type { Request } from 'express'
import { readCookieHeader, isSecure, bindMethod, type RequestParts } from '../request.js'
import type { StateMeta, StoreCallback, VerifyCallback } from './contract.js'
import { newState, sameText } from './record.js'

/** Options of `CookieStateStore`. */
export interface CookieStateStoreOptions {
  /** At least 32 bytes. With several secrets, the first one signs and all are accepted: to rotate, put a new one first. */
  secret: string | readonly string[]
  /** Milliseconds that a user has for the login. Default 1,800,000 (half an hour). */
  maxAge?: number
  /**
   * Default `lax`. Use `none` for a callback in a frame of another site. It needs an https callback URL: with http the cookie
   * stays `lax`. `strict` cannot work, because the callback comes from WeChat's page.
   */
  sameSite?: 'lax' | 'none'
  /**
   * Adds a `Set-Cookie` header with this value to the response. The store awaits a returned promise and ignores other values,
   * such as Fastify's reply. An async function must not return that reply, because its promise would wait for the response.
   * Default: `req.res.appendHeader` (Express) or `req.ctx.append` (Koa).
   */
  setCookie?: (req: Request, value: string) => unknown
  /** Milliseconds since the epoch. Default `Date.now`. */
  now?: () => number
}

/** A login that was started, or (with `usedFor`) one whose callback has arrived. */
interface Payload {
  state: string
  /** Milliseconds since the epoch. */
  exp: number
  record?: unknown
  /** Hash of the callback's code. */
  usedFor?: string
  /** The cookie's name has the prefix. A cookie with this flag under another name was planted. */
  secure?: true
}

const who = 'CookieStateStore'
const usedMaxAge = 60_000
const maxAttempts = 10
const longestCookie = 4096
// Servers accept about 8 KB of cookies, and the application has its own.
const longestCookies = 6144
const leastSecret = 32
const purpose = 'wechat-auth state v1\n'

/**
 * Keeps the state of a login in a signed cookie of the user's browser, for applications without sessions.
 *
 * Each attempt has its own cookie, so that several tabs do not interfere. At most ten cookies and 6 KB are kept. If the
 * callback URL is https (`meta.secure`), the cookie is `Secure` and has the prefix `__Host-`, which a sibling domain cannot
 * set, and only that name is read. The cookie is signed, not encrypted: the user can read the application's state. After use
 * it is replaced for 60 s by a signed note "used, with this code". The second of two equal callbacks is accepted with it, but
 * it cannot start an exchange.
 *
 * It follows passport-oauth2's contract of state stores.
 */
export class CookieStateStore {
  readonly #secrets: readonly Buffer[]
  readonly #maxAge: number
  readonly #sameSite: 'lax' | 'none'
  readonly #setCookie: ((req: Request, value: string) => unknown) | undefined
  readonly #now: () => number

  /** @throws TypeError that names the wrong option */
  constructor(options: CookieStateStoreOptions) {
    refuseWrongNames(who, options, {
      secret: ['key', 'keys', 'secrets'],
      'maxAge, in milliseconds': ['maxage', 'ttl'],
      sameSite: ['samesite'],
    })
    const {
      secret,
      maxAge = 30 * 60_000,
      sameSite = 'lax',
      setCookie,
      now = Date.now,
    } = (options as CookieStateStoreOptions | undefined) ?? { secret: [] }
    this.#secrets = checkSecrets(secret)
    refuseUnless(
      who,
      Number.isSafeInteger(maxAge) && maxAge >= 1000,
      'maxAge must be a whole number of milliseconds, at least 1000',
    )
    refuseUnless(who, ['lax', 'none'].includes(sameSite), 'sameSite must be lax or none')
    refuseUnless(
      who,
      setCookie === undefined || typeof setCookie === 'function',
      'setCookie must be a function',
    )
    refuseUnless(who, typeof now === 'function', 'now must be a function')
    this.#maxAge = maxAge
    this.#sameSite = sameSite
    this.#setCookie = setCookie
    this.#now = now
  }

  /**
   * Puts a state into a cookie. The callback gets `ERR_WECHAT_STATE_STORE` if it does not fit, or if there is no response to
   * set it on.
   *
   * @param state - any JSON value. `verify` returns it
   */
  store(req: Request, state: unknown, meta: StateMeta, callback: StoreCallback): void {
    const secure = this.#isSecure(req, meta)
    const payload: Payload = { state: newState(), exp: this.#now() + this.#maxAge, record: state }
    const cookie = this.#serialize(payload, this.#maxAge, secure)
    // Name, value and the attributes that browsers count.
    if (cookie.length > longestCookie) {
      callback(
        new WechatError(
          'ERR_WECHAT_STATE_STORE',
          'The state of this login does not fit into a cookie. Pass a smaller state, or keep it in a session',
        ),
      )
      return
    }
    this.#write(req, [cookie, ...this.#surplus(req, secure, lengthInHeader(cookie))]).then(
      () => callback(null, payload.state),
      callback,
    )
  }

  /**
   * Finds the cookie of a state and marks it as used. The callback gets `true` and the kept state; `'used'` if the same
   * callback came in the last 60 s; otherwise `false`, with `'expired'` if the browser still has a cookie that is too old.
   */
  verify(req: Request, state: string, meta: StateMeta, callback: VerifyCallback): void {
    const known = this.#find(req, state, this.#isSecure(req, meta))
    const found = known.filter(({ exp }) => exp > this.#now())
    const used = found.find((payload) => payload.usedFor !== undefined)
    if (used) {
      callback(null, used.usedFor === meta.codeHash && 'used', undefined)
      return
    }
    const started = found[0]
    if (!started) {
      callback(null, false, known.some(({ usedFor }) => usedFor === undefined) ? 'expired' : undefined)
      return
    }
    const marker: Payload = { state, exp: this.#now() + usedMaxAge, usedFor: meta.codeHash ?? '' }
    const cookie = this.#serialize(marker, usedMaxAge, started.secure)
    this.#write(req, [cookie]).then(() => callback(null, true, started.record), callback)
  }

  // A callback route that does not know the URL may mistake a secure login for an insecure one, so it also reads names with
  // the prefix.
  #find(req: Request, state: string, secure: boolean): (Omit<Payload, 'secure'> & { secure: boolean })[] {
    const given = cookies(req)
    return (secure ? [true] : [true, false]).flatMap((hasPrefix) =>
      given
        .filter(({ name }) => name === cookieName(state, hasPrefix))
        .flatMap(({ value }) => {
          const payload = this.#open(value)
          if (!payload || !sameText(payload.state, state)) return []
          return hasPrefix || !payload.secure ? [{ ...payload, secure: hasPrefix }] : []
        }),
    )
  }

  #isSecure(req: Request, meta: StateMeta | undefined): boolean {
    return meta?.secure ?? isSecure(req, false)
  }

  async #write(req: Request, values: string[]): Promise<void> {
    for (const value of values) {
      if (this.#setCookie) await settled(this.#setCookie(req, value))
      else appendHeader(req, value)
    }
  }

  // Abandoned attempts would fill the Cookie header until the server refuses the request.
  #surplus(req: Request, secure: boolean, newLength: number): string[] {
    let length = newLength
    return cookies(req)
      .filter(({ name }) => name.startsWith(prefix(secure)))
      .flatMap(({ name, value }) => {
        const payload = this.#open(value)
        return payload
          ? [{ state: payload.state, exp: payload.exp, length: lengthInHeader(`${name}=${value}`) }]
          : []
      })
      .sort((a, b) => b.exp - a.exp)
      .filter((attempt, index) => {
        length += attempt.length
        return index >= maxAttempts - 1 || length > longestCookies
      })
      .map(({ state }) => this.#attributes(`${cookieName(state, secure)}=`, 0, secure))
  }

  #serialize(payload: Payload, maxAge: number, secure: boolean): string {
    const body = Buffer.from(JSON.stringify({ ...payload, ...(secure && { secure }) })).toString('base64url')
    return this.#attributes(
      `${cookieName(payload.state, secure)}=${body}.${mac(this.#secrets[0] as Buffer, body).toString('base64url')}`,
      maxAge,
      secure,
    )
  }

  #attributes(pair: string, maxAge: number, secure: boolean): string {
    const sameSite = this.#sameSite === 'none' && secure ? 'None' : 'Lax'
    return `${pair}; Path=/; Max-Age=${Math.floor(maxAge / 1000)}; HttpOnly;${secure ? ' Secure;' : ''} SameSite=${sameSite}`
  }

  #open(value: string): Payload | undefined {
    const [body = '', signature = '', ...rest] = value.split('.')
    const given = Buffer.from(signature, 'base64url')
    const genuine =
      rest.length === 0 &&
      this.#secrets.filter((secret) => {
        const expected = mac(secret, body)
        return given.length === expected.length && timingSafeEqual(given, expected)
      }).length > 0
    return genuine ? (JSON.parse(Buffer.from(body, 'base64url').toString()) as Payload) : undefined
  }
}

function mac(secret: Buffer, body: string): Buffer {
  return createHmac('sha256', secret).update(purpose).update(body).digest()
}

function prefix(secure: boolean): string {
  return secure ? '__Host-wechat.' : 'wechat.'
}

function cookieName(state: string, secure: boolean): string {
  return prefix(secure) + state.slice(0, 8)
}

/** Parses leniently: skips everything that is not a pair. A name can occur several times. */
function cookies(req: RequestParts): { name: string; value: string }[] {
  return readCookieHeader(req)
    .split(';')
    .flatMap((pair) => {
      const at = pair.indexOf('=')
      if (at < 1) return []
      return [
        {
          name: pair.slice(0, at).trim(),
          value: pair
            .slice(at + 1)
            .trim()
            .replace(/^"(.*)"$/, '$1'),
        },
      ]
    })
}

/** The length of a cookie in the Cookie header: name, value and the separator to the next. */
function lengthInHeader(setCookie: string): number {
  return setCookie.split(';', 1).join().length + 2
}

function appendHeader(req: Request, value: string): void {
  const places = [
    [(req as { res?: unknown }).res, 'appendHeader'],
    [(req as { ctx?: unknown }).ctx, 'append'],
  ] as const
  for (const [target, method] of places) {
    const append = bindMethod(target, method)
    if (append) {
      append('Set-Cookie', value)
      return
    }
  }
  throw new WechatError(
    'ERR_WECHAT_STATE_STORE',
    'CookieStateStore found neither req.res.appendHeader nor req.ctx.append. Set the option setCookie',
  )
}

function checkSecrets(secret: unknown): Buffer[] {
  const secrets: unknown[] = Array.isArray(secret) ? secret : [secret]
  refuseUnless(
    who,
    secrets.length > 0 &&
      secrets.every((one) => typeof one === 'string' && Buffer.byteLength(one) >= leastSecret),
    `secret must be a string of at least ${leastSecret} bytes, or an array of such strings`,
  )
  return (secrets as string[]).map((one) => Buffer.from(one))
}
