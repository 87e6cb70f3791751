import { answerOf } from '../answer-of.js'
import type { TokenStore, WechatToken } from '../types.js'
import { ApplicationFailure } from './errors.js'
import type { OAuth } from './oauth.js'

/**
 * `getToken` and `saveToken` of an `OAuth` as they are at the moment of the call: applications and tests
 * replace them.
 */
export function applicationStore(oauth: OAuth): TokenStore {
  return {
    getToken: async (openid) => {
      const declaresCallback = oauth.getToken.length > 1
      const [token] = await askApplication((callback) => oauth.getToken(openid, callback), declaresCallback)
      return token as WechatToken | null | undefined
    },
    saveToken: async (openid, token) => {
      const declaresCallback = oauth.saveToken.length > 2
      await askApplication((callback) => oauth.saveToken(openid, token, callback), declaresCallback, token)
    },
  }
}

// The older package waits for the callback, whatever a function returns; promises are new.
const isAnswer = (): boolean => false

async function askApplication(
  call: Parameters<typeof answerOf>[0],
  declaresCallback: boolean,
  saved?: WechatToken,
): Promise<unknown[]> {
  try {
    return await answerOf(call, { declaresCallback, isAnswer })
  } catch (error) {
    throw new ApplicationFailure(error, saved)
  }
}
