import { WechatStrategy } from '@wechat-auth/passport-wechat'
import { SqliteUserStore } from '@wechat-auth/store-sqlite'
import { WechatOAuth, type MiniProgramData, type WechatOAuthOptions } from '@wechat-auth/wechat-oauth'
import { OAuth } from '@wechat-auth/wechat-oauth/compat'
import { startSandbox, type Sandbox } from '@wechat-auth/wechat-sandbox'
import {
  MemorySessionStore,
  MemoryUserStore,
  WechatSessions,
  type UserStore,
} from '@wechat-auth/wechat-session'
import { expect } from 'chai'
import { authenticate, requestOf } from '../../helpers/authenticate.js'
import { openDatabase } from '../../helpers/sqlite.js'
import { nicknameFor, splicedWith, type UserData } from '../../helpers/spliced-data.js'

const victim = 'oVICTIM_of_the_union_account'

// Shows what an attacker can do because WeChat's encryption authenticates nothing. The attacker is an ordinary user without a key.
describe("encrypted user data that names a victim behind the attacker's own openid", () => {
  let sandbox: Sandbox
  let options: WechatOAuthOptions
  let openid: string
  let forged: UserData

  before(async () => {
    // An app that is not bound to an open-platform account: WeChat's reply has no unionid to compare with.
    sandbox = await startSandbox({
      apps: [{ appId: 'wxminiprogram', appSecret: 'secret', type: 'miniprogram' }],
    })
    const [app, user] = [sandbox.apps[0]!, sandbox.users[0]!]
    options = { appId: app.appId, appSecret: app.appSecret, endpoints: sandbox.endpoints }
    openid = sandbox.idsOf({ appId: app.appId, user: user.id }).openid
    const watermark = { timestamp: 1, appid: app.appId }
    const dataOf = (nickName: string): object => ({ openId: openid, nickName, gender: 0, watermark })
    const before = JSON.stringify(dataOf('')).replace(/","gender".*/, '')
    const data = dataOf(nicknameFor(before, victim))
    const own = sandbox.encrypt({ appId: app.appId, user: user.id, data: data as Record<string, unknown> })
    forged = await firstThatOpens(splicedWith(victim, own, JSON.stringify(data)))
  })

  after(() => sandbox.close())

  function code(): string {
    return sandbox.wxLogin({ appId: options.appId, user: sandbox.users[0]!.id })
  }

  /** The attacker searches for such data: a server reports whether it could decrypt it. */
  async function firstThatOpens(tries: Iterable<UserData>): Promise<UserData> {
    const oauth = new WechatOAuth(options)
    const { session_key: sessionKey } = await oauth.code2Session(code())
    for (const data of tries) {
      let opened: MiniProgramData
      try {
        opened = oauth.decryptMiniProgramUser({ sessionKey, ...data })
      } catch {
        continue
      }
      // The attack works: without a rule, this would be the victim.
      expect(opened).to.include({ openId: openid, unionId: victim })
      return data
    }
    throw new Error('none of the tries opened')
  }

  it('does not become the unionid of a login by the strategy', async () => {
    const strategy = new WechatStrategy(
      { mode: 'miniprogram', idSource: 'openid', ...options },
      ({ profile }) => ({ ...profile, id: profile.id }),
    )
    const request = requestOf({
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: { code: code(), ...forged },
    })
    const taken = await authenticate(strategy, request)
    expect(taken).to.deep.include({
      action: 'success',
      info: { appId: options.appId, mode: 'miniprogram', openid },
    })
    expect(taken)
      .to.have.property('user')
      .that.includes({ id: openid, openid })
      .and.does.not.have.property('unionid')
  })

  async function authorize(userStore: UserStore): Promise<void> {
    const sessions = new WechatSessions({
      oauth: new WechatOAuth(options),
      sessionStore: new MemorySessionStore(),
      userStore,
      sku: 'shop',
    })
    const { user, token, isNewUser } = await sessions.authorize({ code: code(), ...forged })
    expect(user).to.include({ id: openid, openid }).and.not.have.property('unionid')
    expect(isNewUser).to.equal(true)
    expect(await sessions.getSession(token))
      .to.include({ userId: openid })
      .and.not.have.property('unionid')
  }

  it('does not open the account of a user with that unionid', async () => {
    const userStore = new MemoryUserStore()
    await userStore.create({ appId: 'wxofficial', openid: 'oVICTIM_there', unionid: victim })
    await authorize(userStore)
  })

  it('does not open the account of a user who was imported from mpauthx with that id alone', async () => {
    const database = await openDatabase({ driver: 'libsql', file: ':memory:' })
    try {
      const userStore = new SqliteUserStore({ database })
      await userStore.createTable()
      database.prepare('INSERT INTO user (openId, nickName) VALUES (?, ?)').run(victim, 'Victim')
      await authorize(userStore)
    } finally {
      database.close()
    }
  })

  it('is not in the result of decryptForUser', async () => {
    const oauth = new WechatOAuth(options)
    await oauth.code2Session(code())
    expect(await oauth.decryptForUser(openid, forged))
      .to.include({ openId: openid })
      .and.not.have.property('unionId')
  })

  it("is not in the result of compat's getUserByCode", async () => {
    const oauth = new OAuth(options.appId, options.appSecret, null, null, true)
    oauth.setOpts({ endpoints: sandbox.endpoints })
    const user = await new Promise<MiniProgramData>((resolve, reject) => {
      oauth.getUserByCode({ code: code(), ...forged }, (error, result) => {
        if (error) reject(error)
        else resolve(result)
      })
    })
    expect(user).to.include({ openId: openid }).and.not.have.property('unionId')
  })
})
