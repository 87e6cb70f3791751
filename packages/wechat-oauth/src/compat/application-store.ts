import { awaitAnswer, type AnswerOptions } from '../lib/callback-or-promise.js'
import type { TokenStore, WechatToken } from '../types.js'
import { trackUncalled } from '../tokens/uncalled-callbacks.js'
import { applicationFailure } from './errors.js'
import type { Application } from './application.js'

/**
 * A token store of the `getToken` and `saveToken` of an `OAuth`. It reads them at each call, because applications and tests
 * replace them.
 */
export function applicationStore(oauth: Application): TokenStore {
  return {
    getToken: (openid) =>
      trackUncalled('getToken', async (onUncalled) => {
        const options = { declaresCallback: oauth.getToken.length > 1, isAnswer, onUncalled }
        const [token] = await askApplication((callback) => oauth.getToken(openid, callback), options)
        return token as WechatToken | null | undefined
      }),
    saveToken: (openid, token) =>
      trackUncalled('saveToken', async (onUncalled) => {
        const options = { declaresCallback: oauth.saveToken.length > 2, isAnswer, onUncalled }
        await askApplication((callback) => oauth.saveToken(openid, token, callback), options, token)
      }),
  }
}

// The older package waits for the callback and ignores what a function returns. Promises are new here.
function isAnswer(): boolean {
  return false
}

async function askApplication(
  call: Parameters<typeof awaitAnswer>[0],
  options: AnswerOptions,
  saved?: WechatToken,
): Promise<unknown[]> {
  try {
    return await awaitAnswer(call, options)
  } catch (error) {
    throw applicationFailure(error, saved)
  }
}
