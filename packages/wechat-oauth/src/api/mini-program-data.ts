import { createDecipheriv, createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { WechatDecryptError } from '../errors.js'
import type { MiniProgramData } from '../types.js'

export interface EncryptedUserData {
  encryptedData: string
  iv: string
}

type DecryptErrorCode = WechatDecryptError['code']

/**
 * Decrypts with AES-128-CBC, PKCS#7 and the session_key, as WeChat's "signature and decryption of open data" says.
 *
 * @param codeWhenStale - the code of the error if the session_key may be wrong. Default `ERR_WECHAT_DECRYPT`
 */
export function decryptMiniProgramData(
  appId: string,
  sessionKey: string,
  { encryptedData, iv }: EncryptedUserData,
  codeWhenStale: DecryptErrorCode = 'ERR_WECHAT_DECRYPT',
): MiniProgramData {
  const [vector, content] = [decodeField('iv', iv), decodeField('encryptedData', encryptedData)]
  if (vector.length !== 16) throw badInput('iv is not the base64 of 16 bytes')
  if (content.length === 0 || content.length % 16 !== 0)
    throw badInput('encryptedData is incomplete: its length is not a multiple of 16 bytes')
  const key = decodeBase64(sessionKey)
  if (key?.length !== 16)
    throw new WechatDecryptError('sessionKey is not the base64 of 16 bytes', 'data', codeWhenStale)
  const data = parse(decrypt(key, vector, content))
  // With a wrong key the padding is bad or, by chance, good and the text is garbage.
  if (!data) throw new WechatDecryptError(staleMessage, 'data', codeWhenStale)
  if (data.watermark.appid !== appId)
    throw new WechatDecryptError('The data was encrypted for another app', 'watermark')
  return data
}

/** Checks that `signature` is sha1(rawData + session_key). The comparison takes constant time. */
export function verifyMiniProgramSignature(rawData: string, signature: string, sessionKey: string): boolean {
  const expected = createHash('sha1').update(rawData).update(sessionKey).digest()
  const given = /^[0-9a-f]{40}$/i.test(signature)
    ? Buffer.from(signature, 'hex')
    : Buffer.alloc(expected.length)
  return timingSafeEqual(given, expected)
}

/** Signs a call without a body, to prove that the user is logged in. The key is the base64 text itself, not the decoded bytes. */
export function loginStateSignature(sessionKey: string): string {
  return createHmac('sha256', sessionKey).digest('hex')
}

function decodeField(name: string, text: string): Buffer {
  const bytes = decodeBase64(text)
  if (!bytes) throw badInput(`${name} is not base64`)
  return bytes
}

// Clients wrap base64 in lines, and forms turn `+` into a space. Spaces are turned back only if there are no line breaks.
function decodeBase64(text: string): Buffer | undefined {
  const base64 = /[^\S ]/.test(text) ? text.replace(/\s+/g, '') : text.replaceAll(' ', '+')
  return /^[A-Za-z0-9+/]+={0,2}$/.test(base64) ? Buffer.from(base64, 'base64') : undefined
}

function badInput(message: string): WechatDecryptError {
  return new WechatDecryptError(message, 'input', 'ERR_WECHAT_ENCRYPTED_DATA')
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

const staleMessage =
  'The session_key does not decrypt the data: the key is stale, or the data was changed. Call wx.login again'
