import { isAheadOfClock } from '../lib/clocks.js'
import { toNumber } from '../lib/values.js'
import { createdAt } from '../tokens/token.js'
import type { WechatToken } from '../types.js'
import type { AccessToken } from './types.js'

class Token<Data extends WechatToken> implements AccessToken<Data> {
  data: Data

  constructor(data: Data) {
    this.data = data
  }

  isValid(): boolean {
    const { access_token: token, expires_in: expiresIn } = this.data
    const [now, since] = [Date.now(), createdAt(this.data)]
    return Boolean(token) && now < since + (toNumber(expiresIn) ?? 0) * 1000 && !isAheadOfClock(since, now)
  }
}

export function makeAccessToken<Data extends WechatToken>(data: Data): AccessToken<Data> {
  return new Token(data)
}
