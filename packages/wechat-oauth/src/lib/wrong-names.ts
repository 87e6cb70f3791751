/** What to write, an option and perhaps words about its value; and the names that others give to it. */
export type WrongNames = Readonly<Record<string, readonly string[]>>

/**
 * Refuses options that have the names of other packages: they would have no effect, and nobody would notice.
 * Other unknown options are ignored, and values that mean nothing: `undefined`, `null` and `false`.
 *
 * @param who - the class or function that takes the options; the message starts with it
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

/** The option for the connection of a store. */
export interface WrongConnection {
  readonly option: string
  /** Words about its value. */
  readonly what: string
  /** What others call it. */
  readonly names: readonly string[]
}

/**
 * The same for the connection of a store. Where the right option is given, other names for it may have come along with
 * the configuration of the driver (`host`, `db`), and are ignored.
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

/** Of passport-wechat, passport-weixin, passport-oauth2, and WeChat's own. */
export const wrongCredentialNames: WrongNames = {
  appId: ['appID', 'appid', 'AppID', 'app_id', 'clientID', 'clientId'],
  appSecret: ['appsecret', 'AppSecret', 'app_secret', 'clientSecret', 'secret'],
}
