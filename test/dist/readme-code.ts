import { english, readmeOf } from '../integration/readme/markdown.js'

/** Code of pages, of other frameworks, and with a package that the projects here do not have. */
const elsewhere = /^(?:QR code inside the page|Other frameworks|WeChat's cloud hosting)/

// What the READMEs leave to the application. In TypeScript, it declares the type of its users once.
const setting = `
import type { Express as Application, Request } from 'express'
import 'express-session'
import type * as strategies from '@wechat-auth/passport-wechat'
import type * as tokens from '@wechat-auth/wechat-session'
import type { WechatOAuth } from '@wechat-auth/wechat-oauth'

interface Users {
  byAccount(appId: string, openid: string): Promise<Express.User | undefined>
  byUnionid(unionid: string): Promise<Express.User | undefined>
  create(name: string): Promise<Express.User>
  remember(user: Express.User, account: { appId: string, openid: string, unionid?: string }): Promise<void>
}

interface Database {
  users: {
    findById(id: string): Promise<Express.User>
    findOne(query: object): Promise<{ id: string }>
    insert(row: object): Promise<{ id: string }>
  }
}

declare module 'express-session' {
  interface SessionData { messages: string[], cart: string[] }
}

declare global {
  namespace Express {
    interface User { id?: string, openid?: string, name?: string }
    interface AuthInfo extends strategies.WechatAuthInfo {}
    interface Request { account?: strategies.WechatProfile }
  }
  const app: Application, express: typeof import('express'), passport: import('passport').PassportStatic
  const { WechatStrategy }: typeof strategies, { WechatSessions, WechatSessionStrategy }: typeof tokens
  const appId: string, appSecret: string, callbackURL: string, openid: string, oauth: WechatOAuth
  const apps: strategies.WechatApps, options: strategies.WechatOneAppOptions
  const verify: strategies.WechatVerify, wechat: strategies.WechatStrategy
  const issueTokenFor: (user: Express.User) => string
  const startSession: (user: Express.User) => Promise<string>
  const tenantOf: (req: Request) => { id: string, appId: string }
  const secrets: { read(id: string): Promise<string> }, users: Users, db: Database
  const sessions: tokens.WechatSessions, sessionStore: tokens.SessionStore
}
`

/**
 * The JavaScript of READMEs as modules in TypeScript, by file name, with the declarations that they need.
 *
 * Passport's types do not say what a session keeps: the parameter of `deserializeUser` wants its type.
 */
export function readJavaScript(...folders: string[]): Record<string, string> {
  const blocks = folders
    .flatMap((folder) => readmeOf(folder, english).blocks)
    .filter(({ language, heading }) => language === 'js' && !elsewhere.test(heading))
  const modules = blocks.map(({ code, heading }, index) => {
    const typed = code.replace('deserializeUser((user, done)', 'deserializeUser((user: Express.User, done)')
    return [`readme-${index}.mts`, `// ${heading}\n${typed}\nexport {}\n`]
  })
  return { 'setting.d.mts': setting, ...(Object.fromEntries(modules) as Record<string, string>) }
}

/** The TypeScript of a README as one module. */
export function readTypeScript(folder: string): string {
  const blocks = readmeOf(folder, english).blocks.filter(({ language }) => language === 'ts')
  return blocks.map(({ code }) => code).join('\n')
}
