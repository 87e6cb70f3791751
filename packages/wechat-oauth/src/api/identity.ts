import { WechatDecryptError } from '../errors.js'
import type { MiniProgramData } from '../types.js'

/** A user's identity, from WeChat's own reply over TLS. */
export interface WechatIdentity {
  openid: string
  unionid?: string | undefined
}

/**
 * Removes every identity from decrypted user data that WeChat's own reply does not confirm.
 *
 * AES-CBC authenticates nothing. A sender who knows neither the session_key nor another user's data can repeat and change
 * blocks of their own data. The result can still be decrypted, keeps the sender's openId, and may contain another user's
 * unionId. So the data may repeat the identity in WeChat's reply, but may not add to it.
 *
 * @param identity - from `jscode2session`, or from the record that it was saved in
 * @returns a copy, without `unionId` if the reply has none
 * @throws WechatDecryptError `ERR_WECHAT_OPENID_MISMATCH` with `reason` `openid` or `unionid` if the data belongs to somebody else
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

/** Codes that tell the sender why encrypted data was refused. */
export type DataRefusalCode =
  'ERR_WECHAT_ENCRYPTED_DATA' | 'ERR_WECHAT_OPENID_MISMATCH' | 'ERR_WECHAT_SESSION_KEY'

/**
 * Returns why encrypted data was refused: it is damaged, it belongs to another user or another app, or the session_key does
 * not decrypt it.
 *
 * @param error - from `decryptMiniProgramUser` or `bindToIdentity`
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
