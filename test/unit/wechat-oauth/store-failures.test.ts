import { inspect } from 'node:util'
import { TokenStoreError, type TokenStore, type WechatOAuth, type WechatToken } from '@wechat-auth/wechat-oauth'
import { expect } from 'chai'
import { rejection } from '../../helpers/rejection.js'
import { client, code, now, openid, record, sessionReply, tokenReply, unionid, userReply } from '../../helpers/wechat-replies.js'

const timeout = 100
const never = new Promise<never>(() => {})
const replies: Record<string, object> = {
  '/sns/oauth2/access_token': tokenReply(),
  '/sns/oauth2/refresh_token': tokenReply(),
  '/sns/userinfo': userReply({ unionid }),
  '/sns/jscode2session': sessionReply(),
}
const fetching: typeof fetch = async (url) => Promise.resolve(Response.json(replies[new URL(url as string).pathname]))
const oauthWith = (tokenStore: TokenStore): WechatOAuth => client({ fetch: fetching, timeout, tokenStore })

const driverError = Object.assign(new Error("Duplicate entry 'SECRET'"), { code: 'ER_DUP_ENTRY', errno: 1062, sqlState: '23000', sql: "REPLACE INTO token VALUES ('SECRET')" })
const failures: Record<string, () => unknown> = {
  rejects: async () => Promise.reject(driverError),
  throws: () => { throw driverError },
  'rejects with a text': async () => Promise.reject('SECRET'),
  'rejects with nothing': async () => Promise.reject(undefined),
  'rejects with a TokenStoreError': async () => Promise.reject(new TokenStoreError('The database is down.', { error: driverError })),
  'never answers': async () => never,
}

const reading: Record<string, (oauth: WechatOAuth) => Promise<unknown>> = {
  getAccessToken: async (oauth) => oauth.getAccessToken(code),
  refreshAccessToken: async (oauth) => oauth.refreshAccessToken('r'),
  getUser: async (oauth) => oauth.getUser(openid),
  getUserByCode: async (oauth) => oauth.getUserByCode(code),
  'getUserByToken (a new unionid)': async (oauth) => oauth.getUserByToken(record()),
  code2Session: async (oauth) => oauth.code2Session(code),
  decryptForUser: async (oauth) => oauth.decryptForUser(openid, { encryptedData: 'AAAA', iv: 'AAAA' }),
}
const saving = Object.entries(reading).filter(([method]) => method !== 'decryptForUser')

describe('a token store that fails', () => {
  const check = async (call: Promise<unknown>): Promise<TokenStoreError> => {
    const startedAt = performance.now()
    const error = await rejection(call, TokenStoreError)
    expect(performance.now() - startedAt).to.be.lessThan(2 * timeout + 250)
    expect(error.code).to.equal('ERR_WECHAT_STORE')
    expect('cause' in error).to.equal(false)
    expect([error.stack, JSON.stringify(error), inspect(error, { depth: 9, showHidden: true })].join()).to.not.contain('SECRET')
    return error
  }

  for (const [how, fail] of Object.entries(failures)) {
    for (const [method, call] of Object.entries(reading)) {
      it(`because getToken ${how} makes ${method} reject with ERR_WECHAT_STORE`, async () => {
        const error = await check(call(oauthWith({ getToken: fail as TokenStore['getToken'], saveToken: async () => {} })))
        if (how === 'rejects' || how === 'throws') expect(error.driver).to.include({ code: 'ER_DUP_ENTRY', errno: 1062, sqlState: '23000' })
        if (how.endsWith('TokenStoreError')) expect(error.message).to.equal('The database is down.')
      })
    }

    for (const [method, call] of saving) {
      it(`because saveToken ${how} makes ${method} reject with ERR_WECHAT_STORE`, async () => {
        const expired = record({ create_at: now - 7_200_000 })
        await check(call(oauthWith({ getToken: async () => expired, saveToken: fail as TokenStore['saveToken'] })))
      })
    }
  }

  for (const garbage of ['text', '', 5, true, false, [], [record()], record({ openid: 'oBBBBBBBBBBBBBBBBBBBBBBBBBBB' }), record({ openid: openid.toLowerCase() })]) {
    it(`because getToken resolves to ${JSON.stringify(garbage).slice(0, 50)} is not taken for one without a token`, async () => {
      const store = { getToken: async () => garbage as unknown as WechatToken, saveToken: async () => {} }
      await check(oauthWith(store).getUser(openid))
      await check(oauthWith(store).getAccessToken(code))
    })
  }

  it('by being slow to read does not save after the caller has been told that it failed', async () => {
    let answer: (token: undefined) => void = () => {}
    let saved = 0
    const store: TokenStore = { getToken: async () => new Promise((resolve) => { answer = resolve }), saveToken: async () => { saved += 1 } }
    await check(oauthWith(store).getAccessToken(code))
    answer(undefined)
    await new Promise((resolve) => { setImmediate(resolve) })
    expect(saved).to.equal(0)
  })

  it('for many calls at once rejects all of them in time, and is not visited for those that were given up', async () => {
    let visits = 0
    const store: TokenStore = {
      getToken: async () => {
        visits += 1
        return never
      },
      saveToken: async () => {},
    }
    const oauth = oauthWith(store)
    await Promise.all(Array.from({ length: 50 }, async () => check(oauth.getAccessToken(code))))
    await new Promise((resolve) => setTimeout(resolve, 2 * timeout))
    expect(visits).to.be.lessThan(3)
  })

  it('for one user does not hold up another', async () => {
    const store: TokenStore = { getToken: async (key) => (key === openid ? never : undefined), saveToken: async () => {} }
    const oauth = client({
      timeout,
      tokenStore: store,
      fetch: async (url) => Promise.resolve(Response.json(tokenReply({ openid: new URL(url as string).searchParams.get('code') }))),
    })
    const stuck = check(oauth.getAccessToken(openid))
    await oauth.getAccessToken('oBBBBBBBBBBBBBBBBBBBBBBBBBBB')
    await stuck
  })

  it('once is good again for the next call', async () => {
    let calls = 0
    const oauth = oauthWith({ getToken: async () => (calls++ === 0 ? Promise.reject(driverError) : undefined), saveToken: async () => {} })
    await check(oauth.getAccessToken(code))
    expect(await oauth.getAccessToken(code)).to.include({ openid })
  })
})

describe('a token store', () => {
  it('that answers without promises is as good as any', async () => {
    const table = new Map<string, WechatToken>()
    const store = { getToken: (key: string) => table.get(key), saveToken: (key: string, token: WechatToken) => { table.set(key, token) } }
    const oauth = oauthWith(store as unknown as TokenStore)
    await oauth.getAccessToken(code)
    expect(await oauth.getUser(openid)).to.include({ unionid })
    expect(table.get(openid)).to.include({ unionid })
  })

  it('is called as a method of its own', async () => {
    class Store {
      readonly table = new Map<string, WechatToken>()
      async getToken(key: string): Promise<WechatToken | undefined> { return this.table.get(key) }
      async saveToken(key: string, token: WechatToken): Promise<void> { this.table.set(key, token) }
    }
    await oauthWith(new Store()).getAccessToken(code)
  })
})
