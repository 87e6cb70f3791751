/** Names that other packages give to our options. The key is what to write instead: the option, with a hint about its value if needed. */
export type WrongNames = Readonly<Record<string, readonly string[]>>

/**
 * Refuses options with names from other packages, because they would silently have no effect. Other unknown options are ignored,
 * and so are the values `undefined`, `null` and `false`.
 *
 * @param who - the class or function that has the options; the message starts with it
 * @param prefix - the path of these options, e.g. `apps.mp.`
 * @throws TypeError that names the option and says what to write instead
 */
export function refuseWrongNames(who: string, options: unknown, wrongNames: WrongNames, prefix = ''): void {
  if (typeof options !== 'object' || options === null) return
  for (const [right, names] of Object.entries(wrongNames)) {
    const wrong = names.find((name) => isSet(options as Record<string, unknown>, name))
    if (wrong === undefined) continue
    throw new TypeError(`${who}: ${prefix}${wrong} is not an option. Write ${prefix}${right}`)
  }
}

/** A store's option for its connection. */
export interface WrongConnection {
  readonly option: string
  /** A hint about its value. */
  readonly what: string
  /** Other packages' names for it. */
  readonly names: readonly string[]
}

/**
 * Refuses other names for a store's connection. If the right option is given, they are ignored, because they may belong to the
 * driver's configuration (`host`, `db`).
 *
 * @throws TypeError that names the option and says what to write instead
 */
export function refuseWrongConnection(
  who: string,
  options: unknown,
  { option, what, names }: WrongConnection,
): void {
  if (typeof options !== 'object' || options === null || isSet(options as Record<string, unknown>, option))
    return
  refuseWrongNames(who, options, { [`${option}: ${what}`]: names })
}

function isSet(options: Record<string, unknown>, name: string): boolean {
  const value = options[name]
  return value !== undefined && value !== null && value !== false
}

/** Names from passport-wechat, passport-weixin and passport-oauth2, and WeChat's own. */
export const wrongCredentialNames: WrongNames = {
  appId: ['appID', 'appid', 'AppID', 'app_id', 'clientID', 'clientId'],
  appSecret: ['appsecret', 'AppSecret', 'app_secret', 'clientSecret', 'secret'],
}
