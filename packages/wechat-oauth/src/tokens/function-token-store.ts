import { awaitAnswer } from '../lib/callback-or-promise.js'
import type { GetTokenFunction, SaveTokenFunction, TokenStore, WechatToken } from '../types.js'
import { trackUncalled } from './uncalled-callbacks.js'

// A function that declares no callback may return the result itself.
function isAnswer(): boolean {
  return true
}

/**
 * Makes a token store of two functions, each in the style of promises or of Node callbacks. The code that uses the store limits
 * how long they may take.
 */
function functionTokenStore(getToken: GetTokenFunction, saveToken: SaveTokenFunction): TokenStore {
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

/** Reads the store from options that have a store, a pair of functions, or neither. */
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
    throw new TypeError('getToken must be a function, because saveToken is given')
  if (typeof saveToken !== 'function')
    throw new TypeError('saveToken must be a function, because getToken is given')
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
