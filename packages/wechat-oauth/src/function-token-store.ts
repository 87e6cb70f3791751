import { asTokenStoreError } from './store-kit.js'
import type { GetTokenFunction, SaveTokenFunction, TokenStore, WechatToken } from './types.js'

type AnyFunction = (...values: unknown[]) => unknown

/**
 * A token store made of two functions, each in the style of promises or of Node callbacks. Arity cannot tell the styles
 * apart (stubs, rest arguments, defaults), so both always get a callback and the first answer counts. How long they may
 * take is bounded by whoever uses the store.
 */
export function functionTokenStore(getToken: GetTokenFunction, saveToken: SaveTokenFunction): TokenStore {
  return {
    getToken: (openid) => answerOf(getToken as AnyFunction, [openid], false) as Promise<WechatToken | null | undefined>,
    saveToken: async (openid, token) => {
      await answerOf(saveToken as AnyFunction, [openid, token], true)
    },
  }
}

/** @param saves - the function has nothing to answer, so that a promise of `undefined` means done */
function answerOf(call: AnyFunction, values: unknown[], saves: boolean): Promise<unknown> {
  const declaresCallback = call.length > values.length
  return new Promise((resolve, reject) => {
    const returned = call(...values, (error: unknown, value: unknown) => {
      if (error) reject(asTokenStoreError(error, saves ? 'save' : 'read'))
      else resolve(value)
    })
    if (isPromise(returned)) {
      returned.then((value) => {
        if (value !== undefined || saves || !declaresCallback) resolve(value)
      }, reject)
    } else if (!declaresCallback || isAnswer(returned, saves)) {
      resolve(returned)
    }
  })
}

// What `(openid, callback) => pool.query(…, callback)` returns at once is the driver's, not an answer.
function isAnswer(returned: unknown, saves: boolean): boolean {
  if (returned === undefined) return false
  if (typeof returned !== 'object' || returned === null) return saves || returned === null
  return 'openid' in returned || 'access_token' in returned
}

export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}

/** Picks the store out of options that name one, or a pair of functions, or neither. */
export function tokenStoreOf(options: { tokenStore?: unknown, getToken?: unknown, saveToken?: unknown }): TokenStore | undefined {
  const { tokenStore, getToken, saveToken } = options
  if (tokenStore !== undefined) {
    if (getToken !== undefined || saveToken !== undefined) throw new TypeError('Give either tokenStore or getToken and saveToken, not both')
    if (!isStore(tokenStore)) throw new TypeError('tokenStore must have the methods getToken and saveToken')
    return tokenStore
  }
  if (getToken === undefined && saveToken === undefined) return undefined
  if (typeof getToken !== 'function') throw new TypeError('getToken must be a function (saveToken is given too)')
  if (typeof saveToken !== 'function') throw new TypeError('saveToken must be a function (getToken is given too)')
  return functionTokenStore(getToken as GetTokenFunction, saveToken as SaveTokenFunction)
}

function isStore(value: unknown): value is TokenStore {
  const store = value as Partial<TokenStore> | null
  return typeof store === 'object' && store !== null && typeof store.getToken === 'function' && typeof store.saveToken === 'function'
}
