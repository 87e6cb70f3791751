export type AppType = 'mp' | 'website' | 'miniprogram'

/** An application that is registered with WeChat. */
export interface SandboxApp {
  appId: string
  appSecret: string
  /** `mp`: official account; `website`: website application with QR login; `miniprogram` */
  type: AppType
  /** Shown on the pages. Default: the type's name. */
  name?: string
  /** The host names that `redirect_uri` may have, exactly; one with a port allows only that port. Default: any. Empty: none. */
  domains?: string[]
  /** The app's open-platform account. Apps of the same account see the same unionid. Default: none, so users have no unionid. */
  unionAccount?: string
  /** A WeChat test account, which has a tenth of the daily quotas. Default `false`. */
  testAccount?: boolean
}

export interface App extends SandboxApp {
  readonly name: string
}

const defaultNames: Record<AppType, string> = {
  mp: '沙箱服务号 (Sandbox Official Account)',
  website: '沙箱网站应用 (Sandbox Website)',
  miniprogram: '沙箱小程序 (Sandbox Mini Program)',
}

/** One app of each type. They share an open-platform account. */
export const presetApps: readonly SandboxApp[] = [
  {
    appId: 'wxsandbox000000001',
    appSecret: 'sandboxsecretmp00000000000000001',
    type: 'mp',
    unionAccount: 'sandbox',
  },
  {
    appId: 'wxsandbox000000002',
    appSecret: 'sandboxsecretwebsite000000000002',
    type: 'website',
    unionAccount: 'sandbox',
  },
  {
    appId: 'wxsandbox000000003',
    appSecret: 'sandboxsecretminiprogram00000003',
    type: 'miniprogram',
    unionAccount: 'sandbox',
  },
]

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(isText)
}

function checkApp(app: unknown, index: number): App {
  const where = `apps[${index}]`
  if (typeof app !== 'object' || app === null) throw new TypeError(`${where} must be an object`)
  const { appId, appSecret, type, name, domains, unionAccount, testAccount } = app as Record<string, unknown>
  if (!isText(appId)) throw new TypeError(`${where}.appId must be a non-empty string`)
  if (!isText(appSecret)) throw new TypeError(`${where}.appSecret must be a non-empty string`)
  for (const [option, value] of Object.entries({ appId, appSecret })) {
    if (value.trim() === value) continue
    throw new TypeError(`${where}.${option} has white space at its start or end. Remove it`)
  }
  if (type !== 'mp' && type !== 'website' && type !== 'miniprogram') {
    throw new TypeError(`${where}.type must be 'mp', 'website' or 'miniprogram'`)
  }
  if (name !== undefined && !isText(name)) throw new TypeError(`${where}.name must be a non-empty string`)
  if (domains !== undefined && !isStrings(domains))
    throw new TypeError(`${where}.domains must be an array of host names`)
  if (unionAccount !== undefined && !isText(unionAccount)) {
    throw new TypeError(`${where}.unionAccount must be a non-empty string`)
  }
  if (testAccount !== undefined && typeof testAccount !== 'boolean')
    throw new TypeError(`${where}.testAccount must be a boolean`)
  return {
    appId,
    appSecret,
    type,
    name: name ?? defaultNames[type],
    ...(domains === undefined ? {} : { domains: [...domains] }),
    ...(unionAccount === undefined ? {} : { unionAccount }),
    ...(testAccount === undefined ? {} : { testAccount }),
  }
}

export class Apps {
  readonly list: readonly App[]
  readonly #byId = new Map<string, App>()

  /** @throws TypeError that names the invalid app and field. */
  constructor(apps: readonly SandboxApp[]) {
    if (!Array.isArray(apps)) throw new TypeError('apps must be an array')
    this.list = apps.map(checkApp)
    for (const app of this.list) {
      if (this.#byId.has(app.appId)) throw new TypeError(`apps has the appId ${app.appId} twice`)
      this.#byId.set(app.appId, app)
    }
  }

  find(appId: string): App | undefined {
    return this.#byId.get(appId)
  }

  /** @throws TypeError if the app does not exist or has another type. */
  get(appId: string, ...types: AppType[]): App {
    const app = this.#byId.get(appId)
    if (!app) throw new TypeError(`no app has the appId ${JSON.stringify(appId)}`)
    if (types.length > 0 && !types.includes(app.type)) {
      throw new TypeError(`${appId} is of type ${app.type}, not ${types.join(' or ')}`)
    }
    return app
  }
}
