import { createHash, randomBytes, randomInt } from 'node:crypto'

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

function digest(length: number, ...parts: string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, length)
}

function alphanumeric(length: number): string {
  let text = ''
  while (text.length < length) text += alphabet.charAt(randomInt(alphabet.length))
  return text
}

// Identifiers have the length and alphabet of WeChat's. Each says what it is, so that nobody mistakes it for a real one.

/** 28 characters, derived from the user and the app. */
export function openidOf(appId: string, userId: string): string {
  return `oSANDBOX${digest(20, 'openid', appId, userId)}`
}

/** 28 characters, derived from the user and the open-platform account. */
export function unionidOf(unionAccount: string, userId: string): string {
  return `oUNION${digest(22, 'unionid', unionAccount, userId)}`
}

/** The openid of the virtual account that a snapshot page uses instead of the user's. */
export function snapshotOpenidOf(appId: string, userId: string): string {
  return `oSNAPSHOT${digest(19, 'snapshot', appId, userId)}`
}

export function snapshotUnionidOf(unionAccount: string, userId: string): string {
  return `oSNAPUNION${digest(18, 'snapshot', unionAccount, userId)}`
}

/** 32 alphanumeric characters, random. */
export function newCode(): string {
  return `0SANDBOXCODE${alphanumeric(20)}`
}

/** 110 characters, `NN_` and base64url, random. */
export function newAccessToken(): string {
  return `99_SANDBOXACCESS${randomBytes(72).toString('base64url').slice(0, 94)}`
}

export function newRefreshToken(): string {
  return `99_SANDBOXREFRESH${randomBytes(72).toString('base64url').slice(0, 93)}`
}

/** 157 characters, `NN_` and base64url, random. */
export function newAppToken(): string {
  return `99_SANDBOXCLIENT${randomBytes(108).toString('base64url').slice(0, 141)}`
}

/** 86 characters of base64url, random. */
export function newApiTicket(): string {
  return `SANDBOXTICKET${randomBytes(60).toString('base64url').slice(0, 73)}`
}

/** 64 hex characters, random. */
export function newPhoneCode(): string {
  return randomBytes(32).toString('hex')
}

/** The content of a QR code with a scene. */
export function newSceneURL(): string {
  return `http://weixin.qq.com/q/SANDBOX${alphanumeric(13)}`
}

/** Base64 that contains the code's URL, like WeChat's. Every ticket has `+`, `/` and `=`, so that a missing encoding is noticed. */
export function newSceneTicket(url: string): string {
  // 6 bytes, then 3 that are "+/++" in base64. With the URL's 43 bytes and 24 random ones, the length is a multiple of 3 plus 1.
  const head = Buffer.concat([Uint8Array.of(0x81, 0x01), randomBytes(4), Uint8Array.of(0xfb, 0xff, 0xbe)])
  return Buffer.concat([head, Buffer.from(url, 'ascii'), randomBytes(24)]).toString('base64')
}

/** 11 digits close to the number in WeChat's examples, derived from the user. */
export function phoneNumberOf(userId: string): string {
  return `13800138${String(
    createHash('sha256')
      .update(JSON.stringify(['phone', userId]))
      .digest()
      .readUInt32BE(0) % 1000,
  ).padStart(3, '0')}`
}

/** 16 alphanumeric characters, random. */
export function newUuid(): string {
  return alphanumeric(16)
}

/** 16 random bytes in base64. */
export function newSessionKey(): string {
  return randomBytes(16).toString('base64')
}

/** The id at the end of WeChat's error texts: the time in seconds in hex, and two random groups. */
export function newRid(now: number): string {
  return [
    Math.floor(now / 1000)
      .toString(16)
      .padStart(8, '0'),
    randomBytes(4).toString('hex'),
    randomBytes(4).toString('hex'),
  ].join('-')
}

/** The id in error texts until mid-2020, e.g. `RfHd6zore-b7G7ca`. */
export function newReqId(): string {
  return `${alphanumeric(9)}-${alphanumeric(6)}`
}
