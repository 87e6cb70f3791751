import { WechatTransportError } from './errors.js'
import type { Reply } from './reply.js'
import { toNumber } from './token.js'
import type { QRCodeTicket, WechatPhoneInfo, WechatToken, WechatUser } from './types.js'

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
export function tokenOf(endpoint: string, reply: Reply, createAt: number): WechatToken & { access_token: string } {
  const field = fieldReader(endpoint, reply)
  const token = {
    access_token: field.text('access_token'),
    expires_in: field.number('expires_in'),
    ...field.optionalText('refresh_token'),
    openid: field.openid(),
    ...field.optionalText('scope'),
    ...field.optionalText('unionid'),
    create_at: createAt,
  }
  return notSnapshotUser.has(reply.is_snapshotuser) ? token : { ...token, is_snapshotuser: 1 }
}

/** `/sns/jscode2session`. */
export function sessionOf(endpoint: string, reply: Reply, createAt: number): WechatToken & { session_key: string } {
  const field = fieldReader(endpoint, reply)
  return { openid: field.openid(), session_key: field.text('session_key'), ...field.optionalText('unionid'), create_at: createAt }
}

/** `/sns/userinfo`: all that WeChat sent, for the openid that was asked for. */
export function userOf(endpoint: string, reply: Reply, openid: string): WechatUser {
  const field = fieldReader(endpoint, reply)
  if (field.openid() !== openid) throw refused(endpoint, 'openid of another user')
  return {
    ...wellTyped(reply),
    openid,
    nickname: '',
    ...field.optionalText('nickname'),
    ...field.optionalText('unionid'),
    ...field.optionalText('headimgurl'),
  }
}

/** `/cgi-bin/stable_token`, `/cgi-bin/token`, and with the name `ticket` `/cgi-bin/ticket/getticket`. */
export function credentialOf(endpoint: string, reply: Reply, name: 'access_token' | 'ticket', createAt: number): Credential {
  const field = fieldReader(endpoint, reply)
  return { access_token: field.text(name), expires_in: field.number('expires_in'), create_at: createAt }
}

/** `/cgi-bin/qrcode/create`. A permanent code has no lifetime. */
export function qrCodeTicketOf(endpoint: string, reply: Reply): QRCodeTicket {
  const field = fieldReader(endpoint, reply)
  const seconds = toNumber(reply.expire_seconds)
  return { ticket: field.text('ticket'), ...(seconds !== undefined && seconds > 0 && { expire_seconds: seconds }), url: field.text('url') }
}

/** `/wxa/business/getuserphonenumber`: of this app, and the country code as text, whichever way it was sent. */
export function phoneInfoOf(endpoint: string, reply: Reply, appId: string): WechatPhoneInfo {
  const info = reply.phone_info
  if (typeof info !== 'object' || info === null || Array.isArray(info)) throw refused(endpoint, 'phone_info')
  const { countryCode, watermark, ...rest } = info as Reply
  const code = typeof countryCode === 'number' ? String(countryCode) : countryCode
  const field = fieldReader(endpoint, { ...rest, countryCode: code })
  const { appid, timestamp } = (watermark ?? {}) as Record<string, unknown>
  if (appid !== appId) throw refused(endpoint, 'watermark')
  return {
    ...rest,
    phoneNumber: field.text('phoneNumber'),
    purePhoneNumber: field.text('purePhoneNumber'),
    countryCode: field.text('countryCode'),
    watermark: { timestamp: toNumber(timestamp) ?? 0, appid },
  }
}

/** A call that has nothing to tell answers errcode 0; without one it is no answer. */
export function checkOk(endpoint: string, reply: Reply): void {
  if (toNumber(reply.errcode) !== 0) throw refused(endpoint, 'errcode')
}

// What nobody depends on is left out when it is not what it should be.
const userFields = new Map<string, (value: unknown) => unknown>([
  ['sex', toNumber],
  ['language', optionalString],
  ['city', optionalString],
  ['province', optionalString],
  ['country', optionalString],
  ['privilege', (value) => (Array.isArray(value) && value.every((entry) => typeof entry === 'string') ? value : undefined)],
])
const notOfTheUser = new Set(['errcode', 'errmsg', '__proto__', 'nickname', 'unionid', 'headimgurl'])

function wellTyped(reply: Reply): Reply {
  const typed: Reply = {}
  for (const name of Object.keys(reply)) {
    if (notOfTheUser.has(name)) continue
    const check = userFields.get(name)
    const value = check ? check(reply[name]) : reply[name]
    if (value !== undefined) typed[name] = value
  }
  return typed
}

function optionalString(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function fieldReader(endpoint: string, reply: Reply) {
  const optionalText = <Name extends string>(name: Name): { [name in Name]?: string } => {
    const value = reply[name]
    if (value === undefined || value === null || value === '') return {}
    if (typeof value !== 'string' || value.length > longest) throw refused(endpoint, name)
    return { [name]: value } as { [name in Name]: string }
  }
  const text = (name: string): string => {
    const value: string | undefined = optionalText(name)[name]
    if (value === undefined) throw refused(endpoint, name)
    return value
  }
  return {
    text,
    optionalText,
    number(name: string): number {
      const value = toNumber(reply[name])
      if (value === undefined || value <= 0) throw refused(endpoint, name)
      return value
    },
    /** No openid has a colon; the keys of app-level credentials in the token store do. */
    openid(): string {
      const value = text('openid')
      if (value.includes(':') || value.length > 128) throw refused(endpoint, 'openid')
      return value
    },
  }
}

function refused(endpoint: string, field: string): WechatTransportError {
  return new WechatTransportError('ERR_WECHAT_RESPONSE', endpoint, `answered with a missing or wrong field: ${field}`)
}
