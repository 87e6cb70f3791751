import { awaitAnswer } from '../lib/callback-or-promise.js'
import type { GetTokenFunction, SaveTokenFunction, TokenStore, WechatToken } from '../types.js'
import { trackUncalled } from './uncalled-callbacks.js'

// A function without a callback may answer at once.
const isAnswer = (): boolean => true

/**
 * A token store made of two functions, each in the style of promises or of Node callbacks. How long they may
 * take is limited by the code that uses the store.
 */
export function functionTokenStore(getToken: GetTokenFunction, saveToken: SaveTokenFunction): TokenStore {
  return {
    getToken: (openid) =>
      trackUncalled('getToken', async (onUncalled) => {
        const options = { declaresCallback: getToken.length > 1, isAnswer, onUncalled }
        const [token] = await awaitAnswer((callback) => getToken(openid, callback), options)
        return token as WechatToken | null | undefined
      }),
    saveToken: (openid, token) =>
      trackUncalled('saveToken', async (onUncalled) => {
        const options = { declaresCallback: saveToken.length > 2, isAnswer, onUncalled }
        await awaitAnswer((callback) => saveToken(openid, token, callback), options)
      }),
  }
}

/** Picks the store out of options that name one, or a pair of functions, or neither. */
export function readTokenStore(options: {
  tokenStore?: unknown
  getToken?: unknown
  saveToken?: unknown
}): TokenStore | undefined {
  const { tokenStore, getToken, saveToken } = options
  if (tokenStore !== undefined) {
    if (getToken !== undefined || saveToken !== undefined)
      throw new TypeError('Give either tokenStore or getToken and saveToken, not both')
    if (!isStore(tokenStore)) throw new TypeError('tokenStore must have the methods getToken and saveToken')
    return tokenStore
  }
  if (getToken === undefined && saveToken === undefined) return undefined
  if (typeof getToken !== 'function')
    throw new TypeError('getToken must be a function (saveToken is given too)')
  if (typeof saveToken !== 'function')
    throw new TypeError('saveToken must be a function (getToken is given too)')
  return functionTokenStore(getToken as GetTokenFunction, saveToken as SaveTokenFunction)
}

function isStore(value: unknown): value is TokenStore {
  const store = value as Partial<TokenStore> | null
  return (
    typeof store === 'object' &&
    store !== null &&
    typeof store.getToken === 'function' &&
    typeof store.saveToken === 'function'
  )
}
