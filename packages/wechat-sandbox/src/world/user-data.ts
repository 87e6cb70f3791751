import { createCipheriv, createHash, randomBytes } from 'node:crypto'

/** The result of `wx.getUserInfo`. */
export interface EncryptedUserData {
  /** AES-128-CBC, base64 */
  encryptedData: string
  /** 16 bytes, base64 */
  iv: string
  /** the data as JSON, without openId, unionId and watermark */
  rawData: string
  /** SHA-1 of rawData and session_key, in lower-case hex */
  signature: string
}

export interface UserDataInput {
  sessionKey: string
  appId: string
  data: Record<string, unknown>
  /** Time of the watermark, in ms since the epoch. */
  now: number
  /** 16 bytes, base64. Default: random. */
  iv?: string
}

/** Encrypts and signs like WeChat. Adds a watermark to `data` if it has none. */
export function encryptUserData({ sessionKey, appId, data, now, iv }: UserDataInput): EncryptedUserData {
  const ivBytes = iv === undefined ? randomBytes(16) : Buffer.from(iv, 'base64')
  if (ivBytes.length !== 16) throw new TypeError('iv must be 16 bytes in base64')
  const plaintext = JSON.stringify(withWatermark(data, appId, now))
  const cipher = createCipheriv('aes-128-cbc', Buffer.from(sessionKey, 'base64'), ivBytes)
  const encryptedData = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()]).toString('base64')
  const rawData = JSON.stringify({ ...data, openId: undefined, unionId: undefined, watermark: undefined })
  return {
    encryptedData,
    iv: ivBytes.toString('base64'),
    rawData,
    signature: signRawData(rawData, sessionKey),
  }
}

/** Signs `rawData`. The key is used as base64 text, not decoded. */
function signRawData(rawData: string, sessionKey: string): string {
  return createHash('sha1')
    .update(rawData + sessionKey, 'utf8')
    .digest('hex')
}

function withWatermark(data: Record<string, unknown>, appId: string, now: number): Record<string, unknown> {
  return 'watermark' in data
    ? data
    : { ...data, watermark: { timestamp: Math.floor(now / 1000), appid: appId } }
}
