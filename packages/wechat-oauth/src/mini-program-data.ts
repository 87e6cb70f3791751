import { createDecipheriv, createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { WechatDecryptError } from './errors.js'
import type { MiniProgramData } from './types.js'

export interface EncryptedUserData {
  encryptedData: string
  iv: string
}

type DecryptErrorCode = WechatDecryptError['code']

/**
 * AES-128-CBC with PKCS#7 and the session_key, as WeChat's "signature and decryption of open data" prescribes.
 *
 * @param codeWhenStale - of the error where it may well be the session_key that is wrong
 */
export function decryptMiniProgramData(
  appId: string,
  sessionKey: string,
  { encryptedData, iv }: EncryptedUserData,
  codeWhenStale: DecryptErrorCode = 'ERR_WECHAT_DECRYPT',
): MiniProgramData {
  const [vector, content] = [bytes('iv', iv, 16), bytes('encryptedData', encryptedData)]
  if (content.length % 16 !== 0) throw new WechatDecryptError('encryptedData is not whole.')
  const data = parse(decrypt(bytes('sessionKey', sessionKey, 16, codeWhenStale), vector, content))
  // A wrong key shows as bad padding, or by chance as garbage behind good padding.
  if (!data) throw new WechatDecryptError(staleMessage, 'data', codeWhenStale)
  if (data.watermark.appid !== appId) throw new WechatDecryptError('The data was encrypted for another application.', 'watermark')
  return data
}

/** `signature` = sha1(rawData + session_key); compared in constant time. */
export function verifyMiniProgramSignature(rawData: string, signature: string, sessionKey: string): boolean {
  const expected = createHash('sha1').update(rawData).update(sessionKey).digest()
  const given = /^[0-9a-f]{40}$/i.test(signature) ? Buffer.from(signature, 'hex') : Buffer.alloc(expected.length)
  return timingSafeEqual(given, expected)
}

/** Proof of a user's login state in calls that have no body. The key is the base64 text as it is, not what it stands for. */
export function loginStateSignature(sessionKey: string): string {
  return createHmac('sha256', sessionKey).digest('hex')
}

// Clients wrap base64 in lines; forms turn its `+` into blanks, which no receiver can undo.
function bytes(name: string, text: string, length?: number, code?: DecryptErrorCode): Buffer {
  const base64 = text.replace(/\s+/g, '')
  const value = /^[A-Za-z0-9+/]+={0,2}$/.test(base64) ? Buffer.from(base64, 'base64') : Buffer.alloc(0)
  if (value.length === 0 || (length !== undefined && value.length !== length)) {
    throw new WechatDecryptError(`${name} is not base64${length === undefined ? '' : ` of ${length} bytes`}.`, 'data', code)
  }
  return value
}

function decrypt(key: Buffer, iv: Buffer, data: Buffer): string | undefined {
  try {
    const decipher = createDecipheriv('aes-128-cbc', key, iv)
    return Buffer.concat([decipher.update(data), decipher.final()]).toString('utf8')
  } catch {
    return undefined
  }
}

function parse(text: string | undefined): MiniProgramData | undefined {
  if (text === undefined) return undefined
  try {
    const data: unknown = JSON.parse(text)
    return isMiniProgramData(data) ? data : undefined
  } catch {
    return undefined
  }
}

function isMiniProgramData(data: unknown): data is MiniProgramData {
  const watermark = (data as Partial<MiniProgramData> | null)?.watermark
  return typeof watermark === 'object' && typeof (watermark as { appid?: unknown } | null)?.appid === 'string'
}

const staleMessage = 'The data does not open with this session_key: it was damaged on its way, or the key is stale (call wx.login again).'
