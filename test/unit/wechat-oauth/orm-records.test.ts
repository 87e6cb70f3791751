import { inspect } from 'node:util'
import {
  encryptedTokenStore,
  MemoryTokenStore,
  NoOAuthTokenError,
  StoreError,
  type TokenStore,
  type WechatToken,
} from '@wechat-auth/wechat-oauth'
import { OAuth } from '@wechat-auth/wechat-oauth/compat'
import { expect } from 'chai'
import { FakeWechat } from '../../helpers/fake-wechat.js'
import { records, withGetters } from '../../helpers/orm-records.js'
import { rejection } from '../../helpers/rejection.js'
import { appId, appSecret, client, now, openid, record, tokenReply } from '../../helpers/wechat-replies.js'

const keys = [{ id: 'key', key: Buffer.alloc(32, 7) }]
const expired = now - 7_200_000
const all = { ...records, 'an object of a class that has getters only': withGetters }

describe('a record of an ORM', () => {
  let wechat: FakeWechat
  let saved: WechatToken[]
  beforeEach(() => {
    wechat = new FakeWechat()
    wechat.replies['/sns/oauth2/refresh_token'] = tokenReply({ access_token: 'new-access-token' })
    saved = []
  })
  const storeOf = (stored: unknown): TokenStore => ({
    getToken: () => Promise.resolve(stored as WechatToken),
    saveToken: (_key, token) => Promise.resolve(void saved.push(token)),
  })
  const usedToken = (): string | null | undefined => wechat.requests.at(-1)?.searchParams.get('access_token')

  for (const [what, make] of Object.entries(all)) {
    it(`that is ${what} is used while it is valid`, async () => {
      await client({ fetch: wechat.fetch, tokenStore: storeOf(make({ ...record() })) }).getUser(openid)
      expect(wechat.paths).to.deep.equal(['/sns/userinfo'])
      expect(usedToken()).to.equal('stored-access-token')
    })

    it(`that is ${what} is refreshed when it has expired, and saved as a plain object`, async () => {
      const stored = make({ ...record({ create_at: expired, mine: 1 }) })
      await client({ fetch: wechat.fetch, tokenStore: storeOf(stored) }).getUser(openid)
      expect(wechat.paths).to.deep.equal(['/sns/oauth2/refresh_token', '/sns/userinfo'])
      expect(saved).to.have.lengthOf(1)
      const { _id, mine, ...rest } = saved[0]!
      const { refresh_token } = tokenReply()
      const renewed = { access_token: 'new-access-token', refresh_token, create_at: now }
      expect(rest).to.deep.equal({ ...record(), ...renewed })
      expect(mine).to.equal(make === withGetters ? undefined : 1)
    })

    it(`that is ${what} is decrypted`, async () => {
      const inner = new MemoryTokenStore()
      await encryptedTokenStore(inner, { keys }).saveToken(openid, record())
      const stored = make({ ...(await inner.getToken(openid)) })
      const token = await encryptedTokenStore(storeOf(stored), { keys }).getToken(openid)
      const { access_token, refresh_token } = record()
      expect(token).to.include({ access_token, refresh_token })
    })

    it(`that is ${what} is used by the drop-in OAuth`, async () => {
      const stored = make({ ...record({ create_at: Date.now() }) })
      const oauth = new OAuth(appId, appSecret, (_key, callback) => {
        callback(null, stored as WechatToken)
      })
      oauth.setOpts({ fetch: wechat.fetch })
      expect(
        await new Promise((resolve) => {
          oauth.getUser(openid, resolve)
        }),
      ).to.equal(null)
      expect(usedToken()).to.equal('stored-access-token')
    })
  }

  it('of another user is refused', async () => {
    const stored = records['an instance of Sequelize']!({ ...record({ openid: 'somebody else' }) })
    await rejection(client({ tokenStore: storeOf(stored) }).getUser(openid), StoreError)
  })

  it('without a token counts as absent', async () => {
    const stored = records['an instance of Sequelize']!({ openid })
    await rejection(client({ tokenStore: storeOf(stored) }).getUser(openid), NoOAuthTokenError)
  })

  const fail = (): never => {
    throw Object.assign(new Error('SECRET'), { code: 'ER_TEST', sql: 'SECRET' })
  }
  const broken: Record<string, object> = {
    'toObject throws': { toObject: fail },
    'toJSON throws': { toJSON: fail },
    'get throws': { get: fail },
    'field throws': {
      get access_token(): string {
        return fail()
      },
    },
    'class has a broken field': Object.create({
      get access_token(): string {
        return fail()
      },
    }) as object,
  }
  for (const [what, stored] of Object.entries(broken)) {
    it(`whose ${what} is an error without values, through an encrypted store too`, async () => {
      const reading = client({ tokenStore: storeOf(stored) }).getUser(openid)
      for (const promise of [reading, encryptedTokenStore(storeOf(stored), { keys }).getToken(openid)]) {
        const error = await rejection(promise, StoreError)
        expect(inspect(error, { depth: 9, showHidden: true })).to.not.contain('SECRET')
        expect(error.driver).to.include({ code: 'ER_TEST' })
      }
    })
  }

  const strangers: Record<string, unknown> = {
    'a typed array': new Float64Array(2),
    'a date': new Date(now),
    bytes: Buffer.from('token'),
    'a list': [record()],
    'a text': 'token',
  }
  for (const [what, stored] of Object.entries(strangers)) {
    it(`is not ${what}`, async () => {
      for (const tokenStore of [storeOf(stored), encryptedTokenStore(storeOf(stored), { keys })]) {
        const error = await rejection(client({ tokenStore }).getUser(openid), StoreError)
        expect(error.message).to.equal('The token store returned something that is not a record')
      }
    })
  }
})
