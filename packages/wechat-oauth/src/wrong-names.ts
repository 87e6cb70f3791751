/** What to write, an option and perhaps words about its value; and the names that others give to it. */
export type WrongNames = Readonly<Record<string, readonly string[]>>

/**
 * Refuses options that have the names of other packages: they would have no effect, and nobody would notice.
 * Other unknown options are ignored.
 *
 * @param who - the class or function that takes the options; the message starts with it
 * @param prefix - where these options are inside of others, e.g. `apps.mp.`
 * @throws TypeError that names the option and says what to write instead
 */
export function refuseWrongNames(who: string, options: unknown, wrongNames: WrongNames, prefix = ''): void {
  if (typeof options !== 'object' || options === null) return
  for (const [right, names] of Object.entries(wrongNames)) {
    const wrong = names.find((name) => (options as Record<string, unknown>)[name] !== undefined)
    if (wrong === undefined) continue
    throw new TypeError(`${who}: ${prefix}${wrong} is not an option. Write ${prefix}${right}`)
  }
}

/** Of passport-wechat, passport-weixin, passport-oauth2, and WeChat's own. */
export const wrongCredentialNames: WrongNames = {
  appId: ['appID', 'appid', 'AppID', 'app_id', 'clientID', 'clientId'],
  appSecret: ['appsecret', 'AppSecret', 'app_secret', 'clientSecret', 'secret'],
}
