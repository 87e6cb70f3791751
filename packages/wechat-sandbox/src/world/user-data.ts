import { createCipheriv, createHash, randomBytes } from 'node:crypto'

/** What `wx.getUserInfo` hands to a mini-program. */
export interface EncryptedUserData {
  /** AES-128-CBC, base64 */
  encryptedData: string
  /** 16 bytes, base64 */
  iv: string
  /** JSON of the data without openId, unionId and watermark */
  rawData: string
  /** SHA-1 of rawData and session_key, lower hex */
  signature: string
}

export interface UserDataInput {
  sessionKey: string
  appId: string
  data: Record<string, unknown>
  /** Point in time of the watermark, ms since the epoch. */
  now: number
  /** 16 bytes, base64. Default: random. */
  iv?: string
}

/** Encrypts and signs as WeChat does. `data` gets a watermark unless it has one of its own. */
export function encryptUserData({ sessionKey, appId, data, now, iv }: UserDataInput): EncryptedUserData {
  const ivBytes = iv === undefined ? randomBytes(16) : Buffer.from(iv, 'base64')
  if (ivBytes.length !== 16) throw new TypeError('iv must be the base64 of 16 bytes')
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

/** The signature over `rawData`: the key is used as its base64 text. */
export function signRawData(rawData: string, sessionKey: string): string {
  return createHash('sha1')
    .update(rawData + sessionKey, 'utf8')
    .digest('hex')
}

function withWatermark(data: Record<string, unknown>, appId: string, now: number): Record<string, unknown> {
  return 'watermark' in data
    ? data
    : { ...data, watermark: { timestamp: Math.floor(now / 1000), appid: appId } }
}
