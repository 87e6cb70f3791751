import { isPromise } from '../function-token-store.js'
import type { TokenStore, WechatToken } from '../types.js'
import { ApplicationFailure } from './errors.js'
import type { OAuth } from './oauth.js'

type Callback = (error?: unknown, token?: WechatToken | null) => void

/**
 * `getToken` and `saveToken` of an `OAuth` as they are at the moment of the call: applications and their tests replace them.
 * What counts is the callback; or a promise, which the older package did not know, but one of `undefined` only where the
 * function declares no callback.
 */
export function applicationStore(oauth: OAuth): TokenStore {
  return {
    getToken: (openid) => answerOf((callback) => oauth.getToken(openid, callback), oauth.getToken.length > 1),
    saveToken: async (openid, token) => {
      await answerOf((callback) => oauth.saveToken(openid, token, callback), oauth.saveToken.length > 2, token)
    },
  }
}

async function answerOf(call: (callback: Callback) => unknown, declaresCallback: boolean, saved?: WechatToken): Promise<WechatToken | null | undefined> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => { reject(new ApplicationFailure(error, saved)) }
    try {
      const returned = call((error, token) => {
        if (error) fail(error)
        else resolve(token)
      })
      if (!isPromise(returned)) return
      returned.then((token) => {
        if (token !== undefined || !declaresCallback) resolve(token as WechatToken | null | undefined)
      }, fail)
    } catch (error) {
      fail(error)
    }
  })
}
