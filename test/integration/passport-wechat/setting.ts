import {
  CookieStateStore,
  WechatStrategy,
  type WechatSeveralAppsOptions,
  type WechatVerifyInput,
} from '@wechat-auth/passport-wechat'
import { startSandbox, type Sandbox } from '@wechat-auth/wechat-sandbox'
import { Browser, type Page } from '../../helpers/browser.js'
import { startExpressApp, type ExpressApp, type ExpressAppOptions } from '../../helpers/express-app.js'

export const mobile = {
  'user-agent': 'Mozilla/5.0 (iPhone) AppleWebKit/605.1.15 MicroMessenger/8.0.50 NetType/WIFI',
}
export const desktop = { 'user-agent': 'Mozilla/5.0 (X11; Linux x64) Chrome/140.0' }

export type StateStoreKind = 'session' | 'cookie'

export interface SettingOptions extends ExpressAppOptions {
  /** Where states are kept. Default `session`. */
  states?: StateStoreKind
  strategy?: Partial<WechatSeveralAppsOptions>
  /** Default: everybody may log in. */
  verify?: (input: WechatVerifyInput) => unknown
}

/** WeChat, an application, and a browser for both. */
export class Setting {
  readonly sandbox: Sandbox
  readonly app: ExpressApp
  readonly strategy: WechatStrategy

  constructor(sandbox: Sandbox, app: ExpressApp, strategy: WechatStrategy) {
    this.sandbox = sandbox
    this.app = app
    this.strategy = strategy
  }

  appId(type: 'mp' | 'website' | 'miniprogram'): string {
    const app = this.sandbox.apps.find((one) => one.type === type)
    if (!app) throw new Error(`the sandbox has no app of the type ${type}`)
    return app.appId
  }

  browser(headers: Record<string, string> = mobile): Browser {
    return new Browser(this.app.url, headers)
  }

  /** Starts a login in this browser, and returns the parameters that WeChat's page would get. */
  async begin(browser: Browser, path = '/auth/wechat'): Promise<{ state: string; appId: string }> {
    const { location, text } = await browser.open(path)
    if (!location) throw new Error(`expected a redirect to WeChat, got: ${text}`)
    return {
      state: location.searchParams.get('state') ?? '',
      appId: location.searchParams.get('appid') ?? '',
    }
  }

  /** Starts a login and consents. Returns the path of the callback that WeChat would open. */
  async consent(
    browser: Browser,
    options: { user?: string; scope?: string; snapshot?: boolean } = {},
  ): Promise<string> {
    const { state, appId } = await this.begin(browser)
    return callback({ code: this.sandbox.issueCode({ appId, user: 'alice', ...options }), state })
  }

  async close(): Promise<void> {
    await this.app.close()
    await this.sandbox.close()
  }
}

export async function startSetting({
  states = 'session',
  strategy: options = {},
  verify,
  ...rest
}: SettingOptions = {}): Promise<Setting> {
  const sandbox = await startSandbox()
  const credentials = (type: string) => {
    const { appId, appSecret } = sandbox.apps.find((one) => one.type === type)!
    return { appId, appSecret }
  }
  const strategy = new WechatStrategy(
    {
      apps: {
        mp: credentials('mp'),
        website: credentials('website'),
        miniprogram: credentials('miniprogram'),
      },
      callbackURL: '/auth/wechat/callback',
      endpoints: sandbox.endpoints,
      ...(states === 'cookie' && { store: stateStore() }),
      ...options,
    },
    verify ?? (({ profile }) => Promise.resolve({ id: profile.id, name: profile.displayName })),
  )
  const app = await startExpressApp(strategy, {
    sessions: states === 'cookie' ? 'none' : 'express-session',
    ...rest,
  })
  return new Setting(sandbox, app, strategy)
}

/** Any two of these can read each other's cookies. */
export function stateStore(): CookieStateStore {
  return new CookieStateStore({ secret: 'a secret of the tests, of 32 bytes and more' })
}

export function callback(parameters: Record<string, string>, path = '/auth/wechat/callback'): string {
  return `${path}?${new URLSearchParams(parameters).toString()}`
}

/** The page's report of a failed login. */
export function failureOf({ status, json }: Page): Record<string, unknown> {
  return { httpStatus: status, ...(json as { failure?: object } | undefined)?.failure }
}
