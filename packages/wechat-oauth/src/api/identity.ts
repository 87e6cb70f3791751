import { WechatDecryptError } from '../errors.js'
import type { MiniProgramData } from '../types.js'

/** Who a user is, as WeChat's own reply over TLS said it. */
export interface WechatIdentity {
  openid: string
  unionid?: string | undefined
}

/**
 * Opened user data, cleared of every identity that WeChat's own reply does not confirm.
 *
 * AES-CBC authenticates nothing. A sender who knows neither the session_key nor another user's data can repeat and change
 * blocks of their own data: it still opens, keeps their openId, and can contain another user's unionId. So the data may repeat
 * what WeChat's reply said, and may add nothing to it.
 *
 * @param identity - of `jscode2session`, or of the record that it was saved in
 * @returns a copy, without `unionId` where the reply has none
 * @throws WechatDecryptError `ERR_WECHAT_OPENID_MISMATCH` with `reason` `openid` or `unionid` where the data names somebody else
 */
export function bindToIdentity(data: MiniProgramData, identity: WechatIdentity): MiniProgramData {
  const { openid, unionid } = identity
  const { openId, unionId }: { openId?: unknown; unionId?: unknown } = data
  if (openId !== undefined && openId !== openid) throw mismatch('openid')
  const bound = { ...data }
  const namesUnionid = unionId !== undefined && unionId !== null && unionId !== ''
  if (!namesUnionid || !unionid) delete bound.unionId
  else if (unionId !== unionid) throw mismatch('unionid')
  return bound
}

/** What is wrong with encrypted data, as the sender is told. */
export type DataRefusalCode =
  'ERR_WECHAT_ENCRYPTED_DATA' | 'ERR_WECHAT_OPENID_MISMATCH' | 'ERR_WECHAT_SESSION_KEY'

/**
 * Says why encrypted data was refused: the data is damaged, it belongs to another user or another app, or it does not open
 * with the session_key.
 *
 * @param error - of `decryptMiniProgramUser` or `bindToIdentity`
 */
export function dataRefusalCode({ code, reason }: WechatDecryptError): DataRefusalCode {
  if (code === 'ERR_WECHAT_ENCRYPTED_DATA' || code === 'ERR_WECHAT_OPENID_MISMATCH') return code
  return reason === 'watermark' ? 'ERR_WECHAT_OPENID_MISMATCH' : 'ERR_WECHAT_SESSION_KEY'
}

function mismatch(reason: 'openid' | 'unionid'): WechatDecryptError {
  return new WechatDecryptError(
    'The encrypted data belongs to another user',
    reason,
    'ERR_WECHAT_OPENID_MISMATCH',
  )
}
