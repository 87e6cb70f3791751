import { isOpenid } from '../lib/arguments.js'
import { WechatTransportError } from '../errors.js'
import type { Reply } from './reply.js'
import { toNumber } from '../lib/values.js'
import type { QRCodeTicket, WechatPhoneInfo, WechatToken, WechatUser } from '../types.js'

const longest = 4096

/** An app-level access token, or a ticket, under the one name that all records have for it. */
export interface Credential {
  access_token: string
  /** Seconds, counted from `create_at`. */
  expires_in: number
  /** Milliseconds since the epoch, taken before the request. */
  create_at: number
}

// Whatever else it says, a virtual account must not pass for a real one.
const notSnapshotUser = new Set<unknown>([undefined, null, 0, '0', false, ''])

/** `/sns/oauth2/access_token` and `/sns/oauth2/refresh_token`: the fields that are ours to keep, their types checked. */
export function parseToken(
  endpoint: string,
  reply: Reply,
  createAt: number,
): WechatToken & { access_token: string } {
  const token: WechatToken & { access_token: string } = {
    access_token: readText(endpoint, reply, 'access_token'),
    expires_in: readPositiveNumber(endpoint, reply, 'expires_in'),
    openid: readOpenid(endpoint, reply),
    create_at: createAt,
  }
  addTexts(endpoint, reply, token, ['refresh_token', 'scope', 'unionid'])
  if (!notSnapshotUser.has(reply.is_snapshotuser)) token.is_snapshotuser = 1
  return token
}

/** `/sns/jscode2session`. */
export function parseSession(
  endpoint: string,
  reply: Reply,
  createAt: number,
): WechatToken & { session_key: string } {
  const session: WechatToken & { session_key: string } = {
    openid: readOpenid(endpoint, reply),
    session_key: readText(endpoint, reply, 'session_key'),
    create_at: createAt,
  }
  addTexts(endpoint, reply, session, ['unionid'])
  return session
}

/** `/sns/userinfo`: all that WeChat sent, for the openid that was asked for. */
export function parseUser(endpoint: string, reply: Reply, openid: string): WechatUser {
  if (readOpenid(endpoint, reply) !== openid) throw badField(endpoint, 'openid of another user')
  // A copy that is changed where it has to be: put together field by field it takes ten times as long.
  const user: WechatUser = { ...reply, openid, nickname: readOptionalText(endpoint, reply, 'nickname') ?? '' }
  for (const name of ['unionid', 'headimgurl']) {
    if (readOptionalText(endpoint, reply, name) === undefined) Reflect.deleteProperty(user, name)
  }
  for (const [name, check] of userFields) {
    if (!Object.hasOwn(reply, name)) continue
    const value = check(reply[name])
    if (value === undefined) Reflect.deleteProperty(user, name)
    else user[name] = value
  }
  return user
}

/** `/cgi-bin/stable_token`, `/cgi-bin/token`, and with the name `ticket` `/cgi-bin/ticket/getticket`. */
export function parseCredential(
  endpoint: string,
  reply: Reply,
  name: 'access_token' | 'ticket',
  createAt: number,
): Credential {
  return {
    access_token: readText(endpoint, reply, name),
    expires_in: readPositiveNumber(endpoint, reply, 'expires_in'),
    create_at: createAt,
  }
}

/** `/cgi-bin/qrcode/create`. A permanent code has no lifetime. */
export function parseQRCodeTicket(endpoint: string, reply: Reply): QRCodeTicket {
  const seconds = toNumber(reply.expire_seconds)
  return {
    ticket: readText(endpoint, reply, 'ticket'),
    ...(seconds !== undefined && seconds > 0 && { expire_seconds: seconds }),
    url: readText(endpoint, reply, 'url'),
  }
}

/** `/wxa/business/getuserphonenumber`: of this app, and the country code as text, whichever way it was sent. */
export function parsePhoneInfo(endpoint: string, reply: Reply, appId: string): WechatPhoneInfo {
  const info = reply.phone_info
  if (typeof info !== 'object' || info === null || Array.isArray(info)) throw badField(endpoint, 'phone_info')
  const { countryCode, watermark, ...rest } = info as Reply
  const code = typeof countryCode === 'number' ? String(countryCode) : countryCode
  const { appid, timestamp } = (watermark ?? {}) as Record<string, unknown>
  if (appid !== appId) throw badField(endpoint, 'watermark')
  return {
    ...rest,
    phoneNumber: readText(endpoint, rest, 'phoneNumber'),
    purePhoneNumber: readText(endpoint, rest, 'purePhoneNumber'),
    countryCode: readText(endpoint, { countryCode: code }, 'countryCode'),
    watermark: { timestamp: toNumber(timestamp) ?? 0, appid },
  }
}

/** A call that has nothing to tell answers errcode 0; without one it is no answer. */
export function checkOk(endpoint: string, reply: Reply): void {
  if (toNumber(reply.errcode) !== 0) throw badField(endpoint, 'errcode')
}

// What nobody depends on is left out when it is not what it should be.
const userFields = new Map<string, (value: unknown) => unknown>([
  ['sex', toNumber],
  ['language', optionalString],
  ['city', optionalString],
  ['province', optionalString],
  ['country', optionalString],
  [
    'privilege',
    (value) =>
      Array.isArray(value) && value.every((entry) => typeof entry === 'string') ? value : undefined,
  ],
  // Not of the user.
  ['errcode', () => undefined],
  ['errmsg', () => undefined],
  ['__proto__', () => undefined],
])

function optionalString(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function readOptionalText(endpoint: string, reply: Reply, name: string): string | undefined {
  const value = reply[name]
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value !== 'string' || value.length > longest) throw badField(endpoint, name)
  return value
}

function readText(endpoint: string, reply: Reply, name: string): string {
  const value = readOptionalText(endpoint, reply, name)
  if (value === undefined) throw badField(endpoint, name)
  return value
}

/** Adds those of the texts that were answered. */
function addTexts<Name extends string>(
  endpoint: string,
  reply: Reply,
  record: { [name in Name]?: string },
  names: readonly Name[],
): void {
  for (const name of names) {
    const value: string | undefined = readOptionalText(endpoint, reply, name)
    if (value !== undefined) record[name] = value
  }
}

function readPositiveNumber(endpoint: string, reply: Reply, name: string): number {
  const value = toNumber(reply[name])
  if (value === undefined || value <= 0) throw badField(endpoint, name)
  return value
}

function readOpenid(endpoint: string, reply: Reply): string {
  const { openid } = reply
  if (!isOpenid(openid)) throw badField(endpoint, 'openid')
  return openid
}

function badField(endpoint: string, field: string): WechatTransportError {
  return new WechatTransportError(
    'ERR_WECHAT_RESPONSE',
    endpoint,
    `answered with a missing or wrong field: ${field}`,
  )
}
