import { WechatAPIError, type WechatErrorKind } from './errors.js'

type Entry = readonly [message: string, kind: WechatErrorKind]

const table: Record<number, Entry> = {
  [-1]: ['WeChat is busy, try again later', 'busy'],
  40001: [
    'the access token is invalid or not the latest (or, in a call for a token, the secret is wrong)',
    'token',
  ],
  40002: ['invalid grant_type', 'config'],
  40003: ['the openid is invalid or does not belong to the access token', 'token'],
  40013: ['invalid appid', 'config'],
  40014: ['invalid access token', 'token'],
  40029: ['the code is invalid, expired, long used, or was issued to another appid', 'code'],
  40030: ['invalid refresh token', 'refresh'],
  40035: ['invalid argument', 'config'],
  40052: ['invalid action_name', 'config'],
  40053: ['invalid action_info', 'config'],
  40066: ['no such API path', 'config'],
  40094: ['invalid component credential', 'config'],
  40097: ['invalid argument', 'config'],
  40125: ['invalid appsecret', 'config'],
  40163: ['the code has been used', 'code'],
  40164: ['the IP address of this server is not in the whitelist of the account', 'config'],
  40169: ['the scene of the QR code is too long, or the data is not JSON', 'config'],
  40226: ['the user is considered high-risk and blocked', 'denied'],
  40243: ['the appsecret is frozen', 'config'],
  41001: ['access token missing', 'config'],
  41002: ['appid missing', 'config'],
  41003: ['refresh token missing', 'config'],
  41004: ['appsecret missing', 'config'],
  41008: ['code missing', 'code'],
  41009: ['openid missing', 'config'],
  41018: ['component_appid missing', 'config'],
  42001: ['the access token has expired', 'token'],
  42002: ['the refresh token has expired', 'refresh'],
  42003: ['the code has expired', 'code'],
  42006: ['the component access token has expired', 'token'],
  42007: ['the user changed the password: access token and refresh token are void', 'refresh'],
  43001: ['must be a GET request', 'config'],
  43002: ['must be a POST request', 'config'],
  43003: ['must be https', 'config'],
  43004: ['the user must follow the account first', 'user'],
  43005: ['the user must be a friend', 'user'],
  43007: ['the account must authorize this first', 'user'],
  43019: ['the user is on the blacklist of the account', 'user'],
  43101: ['the user has refused these messages', 'user'],
  43104: ['this appid has no permission, or the openid belongs to another appid', 'config'],
  44002: ['the POST data is empty', 'config'],
  45009: ['the daily quota is used up', 'rate'],
  45011: ['too many calls in this minute', 'rate'],
  45029: ['no more QR codes can be made', 'rate'],
  45035: ['the IP address of this server is not registered', 'config'],
  47001: ['the data has the wrong format', 'config'],
  48001: ['the scope or the account does not permit this call', 'scope'],
  48004: ['the call is forbidden because of irregularities of the account', 'denied'],
  49003: ['the openid belongs to another appid', 'config'],
  50001: ['the user has not authorized this call', 'scope'],
  50002: ['the user or the account is restricted', 'denied'],
  50003: ['the user is not admitted', 'denied'],
  50004: ['the account is forbidden to use access tokens', 'denied'],
  50005: ['the user no longer follows the account', 'user'],
  50007: ['the account is frozen', 'denied'],
  61003: ['the account has not authorized this platform', 'config'],
  61004: ['the IP address of this server is not registered', 'config'],
  61005: ['the component ticket has expired', 'config'],
  61006: ['the component ticket is invalid', 'config'],
  61007: ['the call is not authorized to this platform', 'config'],
  61009: ['the component code is invalid', 'config'],
  61010: ['the component code has expired', 'config'],
  61011: ['invalid component', 'config'],
  61014: ['must use the token of the component', 'config'],
  61015: ['must use the token of the account', 'config'],
  61023: ['the refresh token of the component is invalid', 'config'],
  61024: ['this appid belongs to a component: it needs the token call for components', 'config'],
  87008: ['invalid sig_method', 'session'],
  87009: ['the signature does not match: the session_key is stale', 'session'],
  89002: ['the account is not bound to an open-platform account', 'config'],
  89501: ['the administrator must confirm this IP address', 'config'],
  89503: ['the administrator must confirm this call', 'config'],
  89506: ['the administrator refused this IP address, blocked for 24 hours', 'config'],
  89507: ['the administrator refused this IP address, blocked for 1 hour', 'config'],
}

// What an operator can do about the mistakes of a new setup. It becomes part of the error's message.
const advice: Record<number, string> = {
  40013: 'Check appId',
  40125: 'Check appSecret: it must be the latest AppSecret of this appId',
  40164: 'Add the IP address of this server to the IP whitelist (IP白名单) of the account at WeChat',
  40243: 'Unfreeze the AppSecret at WeChat',
}

/** What to do about an errcode, if it is a mistake in the setup that has one remedy. */
export function lookUpAdvice(errcode: number): string | undefined {
  return advice[errcode]
}

/** WeChat's errcodes, with their meaning and kind (from WeChat's "Return code descriptions"). */
export const WECHAT_ERRCODES: Readonly<
  Record<number, { readonly message: string; readonly kind: WechatErrorKind }>
> = Object.freeze(
  Object.fromEntries(
    Object.entries(table).map(([errcode, [message, kind]]) => [errcode, Object.freeze({ message, kind })]),
  ),
)

export function lookUpKind(errcode: number): WechatErrorKind {
  return WECHAT_ERRCODES[errcode]?.kind ?? 'unknown'
}

/** WeChat is busy. */
export const busyErrcode = -1

/** The signature does not match the session_key: the key is stale. */
export const staleSessionKeyErrcode = 87009

const tokenErrcodes = new Set<unknown>([40001, 40014, 42001])

/** Whether an errcode says that the access token is not valid, or not valid any more. */
export function isTokenErrcode(errcode: unknown): boolean {
  return tokenErrcodes.has(errcode)
}

/** Whether WeChat refused the access token of a call. */
export function isTokenRefused(error: unknown): error is WechatAPIError {
  return error instanceof WechatAPIError && isTokenErrcode(error.errcode)
}
