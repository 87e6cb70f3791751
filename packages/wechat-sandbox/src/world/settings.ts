import { isIP } from 'node:net'

/** How the sandbox behaves where WeChat behaves in different ways or has changed. Durations are in milliseconds. */
export interface SandboxSettings {
  /** How long a code can be exchanged. Default 300,000 (5 min). */
  codeLifetime: number
  /** Default 7,200,000 (2 h). Replies contain it in seconds, as `expires_in`. */
  accessTokenLifetime: number
  /** Default 2,592,000,000 (30 days). */
  refreshTokenLifetime: number
  /** How long a QR code can be scanned. Default 300,000 (5 min). */
  qrLifetime: number
  /** The longest time that the QR page's poll waits for a change. Default 25,000. */
  longPollTimeout: number
  /** The errcode for an expired code: 40029, or 42003 as WeChat documents. Default 40029. */
  expiredCode: 40029 | 42003
  /** `true`: a refresh returns a new refresh_token and ends the old one. Default `false`: it returns the same one, with the same expiry. */
  rotateRefreshTokens: boolean
  /** `current`: `…, rid: …`; `hints`: `…, hints: [ req_id: … ]` as until 2020; `bare`: no suffix. Default `current`. */
  errmsgStyle: 'current' | 'hints' | 'bare'
  /** What to do if the authorize page's parameters are not in WeChat's order. Default `warn`. */
  parameterOrder: 'warn' | 'refuse' | 'ignore'
  /** Whether `redirect_uri` may have a port: `local` means on localhost and IP addresses only. WeChat: `false`. Default `local`. */
  allowPorts: boolean | 'local'
  /** `true`: after "cancel" on the phone, the QR page goes to `redirect_uri?state=…`, as WeChat once documented. Default `false`: it stays. */
  qrCancelRedirects: boolean
  /** Calls of `jscode2session` per minute and user before 45011. Default 100. */
  jscode2sessionPerMinute: number
  /** Lifetime of the tokens of `/cgi-bin/token` and `stable_token`. Default 7,200,000 (2 h). */
  appTokenLifetime: number
  /** Lifetime of the tickets of `/cgi-bin/ticket/getticket`. Default 7,200,000 (2 h). */
  ticketLifetime: number
  /** Calls of `/cgi-bin/token` per day and app before 45009; for a test account a tenth of it. Default 2000. */
  tokensPerDay: number
  /** Calls of `/cgi-bin/stable_token` per minute and app before 45011. Default 10,000. */
  stableTokensPerMinute: number
  /** Calls of `/cgi-bin/stable_token` per day and app before 45009. Default 500,000. */
  stableTokensPerDay: number
  /** Calls of `/cgi-bin/qrcode/create` per day and app before 45009; for a test account a tenth of it. Default 100,000. */
  qrCodesPerDay: number
  /** Permanent QR codes per app before 45029. Default 100,000. */
  permanentQrCodes: number
  /** Calls of `/wxa/resetusersessionkey` per minute and app before 45011. Default 60,000. */
  sessionResetsPerMinute: number
  /** IP addresses that may fetch app-level tokens; others get 40164. Default `null`: all addresses. */
  ipWhitelist: readonly string[] | null
  /** `true`: `getuserphonenumber` returns `countryCode` as a number. Default `false`: as a string. */
  numericCountryCode: boolean
}

export const defaultSettings: Readonly<SandboxSettings> = {
  codeLifetime: 300_000,
  accessTokenLifetime: 7_200_000,
  refreshTokenLifetime: 2_592_000_000,
  qrLifetime: 300_000,
  longPollTimeout: 25_000,
  expiredCode: 40029,
  rotateRefreshTokens: false,
  errmsgStyle: 'current',
  parameterOrder: 'warn',
  allowPorts: 'local',
  qrCancelRedirects: false,
  jscode2sessionPerMinute: 100,
  appTokenLifetime: 7_200_000,
  ticketLifetime: 7_200_000,
  tokensPerDay: 2000,
  stableTokensPerMinute: 10_000,
  stableTokensPerDay: 500_000,
  qrCodesPerDay: 100_000,
  permanentQrCodes: 100_000,
  sessionResetsPerMinute: 60_000,
  ipWhitelist: null,
  numericCountryCode: false,
}

function isPositive(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value) && value > 0
}

function isWhitelist(value: unknown): boolean {
  return (
    value === null ||
    (Array.isArray(value) && value.every((one) => typeof one === 'string' && isIP(one) !== 0))
  )
}

function oneOf(...values: unknown[]) {
  return (value: unknown): boolean => values.includes(value)
}

const settingChecks: Record<
  keyof SandboxSettings,
  { accepts: (value: unknown) => boolean; expected: string }
> = {
  codeLifetime: { accepts: isPositive, expected: 'a number of milliseconds above 0' },
  accessTokenLifetime: { accepts: isPositive, expected: 'a number of milliseconds above 0' },
  refreshTokenLifetime: { accepts: isPositive, expected: 'a number of milliseconds above 0' },
  qrLifetime: { accepts: isPositive, expected: 'a number of milliseconds above 0' },
  longPollTimeout: { accepts: isPositive, expected: 'a number of milliseconds above 0' },
  expiredCode: { accepts: oneOf(40029, 42003), expected: '40029 or 42003' },
  rotateRefreshTokens: { accepts: oneOf(true, false), expected: 'a boolean' },
  errmsgStyle: { accepts: oneOf('current', 'hints', 'bare'), expected: "'current', 'hints' or 'bare'" },
  parameterOrder: { accepts: oneOf('warn', 'refuse', 'ignore'), expected: "'warn', 'refuse' or 'ignore'" },
  allowPorts: { accepts: oneOf(true, false, 'local'), expected: "a boolean or 'local'" },
  qrCancelRedirects: { accepts: oneOf(true, false), expected: 'a boolean' },
  jscode2sessionPerMinute: { accepts: isPositive, expected: 'a number above 0' },
  appTokenLifetime: { accepts: isPositive, expected: 'a number of milliseconds above 0' },
  ticketLifetime: { accepts: isPositive, expected: 'a number of milliseconds above 0' },
  tokensPerDay: { accepts: isPositive, expected: 'a number above 0' },
  stableTokensPerMinute: { accepts: isPositive, expected: 'a number above 0' },
  stableTokensPerDay: { accepts: isPositive, expected: 'a number above 0' },
  qrCodesPerDay: { accepts: isPositive, expected: 'a number above 0' },
  permanentQrCodes: { accepts: isPositive, expected: 'a number above 0' },
  sessionResetsPerMinute: { accepts: isPositive, expected: 'a number above 0' },
  ipWhitelist: { accepts: isWhitelist, expected: 'an array of IP addresses, or null' },
  numericCountryCode: { accepts: oneOf(true, false), expected: 'a boolean' },
}

export function isSetting(name: string): name is keyof SandboxSettings {
  return Object.hasOwn(settingChecks, name)
}

/**
 * Picks the settings from `values`, without those that are `undefined`.
 *
 * @throws TypeError that names the invalid setting.
 */
export function checkSettings(values: object): Partial<SandboxSettings> {
  const settings: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(values)) {
    if (!isSetting(name) || value === undefined) continue
    const { accepts, expected } = settingChecks[name]
    if (!accepts(value)) throw new TypeError(`${name} must be ${expected}`)
    settings[name] = Array.isArray(value) ? [...(value as unknown[])] : value
  }
  return settings
}
