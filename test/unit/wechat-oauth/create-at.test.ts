import { runInNewContext } from 'node:vm'
import {
  encryptedTokenStore,
  isTokenValid,
  MemoryTokenStore,
  type WechatToken,
} from '@wechat-auth/wechat-oauth'
import { OAuth } from '@wechat-auth/wechat-oauth/compat'
import { expect } from 'chai'
import { FakeWechat } from '../../helpers/fake-wechat.js'
import { appId, appSecret, client, now, openid, record, tokenReply } from '../../helpers/wechat-replies.js'

// 2023-11-14T22:13:20.000Z
const time = now
const times: Record<string, unknown> = {
  'a date': new Date(time),
  'a date of another realm': runInNewContext(`new Date(${time})`) as unknown,
  'ISO text in UTC': '2023-11-14T22:13:20.000Z',
  'ISO text with an offset': '2023-11-15T06:13:20+08:00',
  'ISO text with microseconds and a short offset': '2023-11-14T16:43:20.000000-0530',
  'ISO text with a blank, as Python and PostgreSQL write it': '2023-11-15 06:13:20.000+08',
  'ISO text in small letters': '2023-11-14t22:13:20z',
  'a number': time,
  'a number as text': String(time),
}

const unknown: Record<string, unknown> = {
  'text without a time zone': '2023-11-14T22:13:20',
  'text with a blank and without a time zone': '2023-11-14 22:13:20',
  'a day': '2023-11-14',
  'text in words': 'Tue Nov 14 2023 22:13:20 GMT+0000',
  'a month that does not exist': '2023-13-14T22:13:20Z',
  'an invalid date': new Date(NaN),
  'a list': [time],
}

describe('create_at', () => {
  const token = (createAt: unknown): WechatToken => ({ ...record(), create_at: createAt as number })

  for (const [what, value] of Object.entries(times)) {
    it(`may be ${what}`, () => {
      expect(isTokenValid(token(value), time + 7_140_000 - 1)).to.equal(true)
      expect(isTokenValid(token(value), time + 7_140_000)).to.equal(false)
      expect(isTokenValid({ ...token(undefined), created_at: value }, time)).to.equal(true)
    })
  }

  it('may be ISO text without seconds', () => {
    expect(isTokenValid(token('2023-11-14T22:13Z'), time - 20_000 + 7_140_000 - 1)).to.equal(true)
    expect(isTokenValid(token('2023-11-14T22:13Z'), time - 20_000 + 7_140_000)).to.equal(false)
  })

  for (const [what, value] of Object.entries(unknown)) {
    it(`does not count when it is ${what}`, () => {
      expect(isTokenValid(token(value), time)).to.equal(false)
    })
  }

  it('that is a date or text needs no refresh, and becomes a number when the record is saved', async () => {
    for (const value of Object.values(times)) {
      const wechat = new FakeWechat()
      wechat.replies['/sns/oauth2/refresh_token'] = tokenReply()
      const saved: unknown[] = []
      const getToken = (): WechatToken => token(value)
      const saveToken = (_openid: string, changed: WechatToken): void => {
        saved.push(changed.create_at)
      }
      await client({ fetch: wechat.fetch, getToken, saveToken }).getUser(openid)
      expect(wechat.paths).to.deep.equal(['/sns/userinfo'])
      const later = time + 7_200_000
      await client({ fetch: wechat.fetch, getToken, saveToken, now: () => later }).getUser(openid)
      expect(saved).to.deep.equal([later])
    }
  })

  it('that is a date or text orders logins', async () => {
    for (const value of Object.values(times)) {
      const wechat = new FakeWechat()
      const tokenStore = new MemoryTokenStore()
      await tokenStore.saveToken(openid, token(value))
      const logIn = (at: number): Promise<WechatToken> => {
        return client({ fetch: wechat.fetch, tokenStore, now: () => at }).getAccessToken('code')
      }
      await logIn(time - 1)
      expect((await tokenStore.getToken(openid))?.access_token).to.equal('stored-access-token')
      await logIn(time + 1)
      expect(await tokenStore.getToken(openid)).to.include({ create_at: time + 1 })
    }
  })

  it('that is a date or text passes through an encrypted store', async () => {
    const keys = [{ id: 'key', key: Buffer.alloc(32, 7) }]
    const tokenStore = encryptedTokenStore(new MemoryTokenStore(), { keys })
    for (const value of Object.values(times)) {
      const wechat = new FakeWechat()
      await tokenStore.saveToken(openid, token(value))
      await client({ fetch: wechat.fetch, tokenStore }).getUser(openid)
      expect(wechat.paths).to.deep.equal(['/sns/userinfo'])
    }
  })

  it('may be a date or text for the drop-in OAuth', async () => {
    for (const value of [new Date(), new Date().toISOString()]) {
      const wechat = new FakeWechat()
      const oauth = new OAuth(appId, appSecret, (_key, callback) => {
        callback(null, token(value))
      })
      oauth.setOpts({ fetch: wechat.fetch })
      expect(
        await new Promise((resolve) => {
          oauth.getUser(openid, resolve)
        }),
      ).to.equal(null)
      expect(wechat.paths).to.deep.equal(['/sns/userinfo'])
    }
  })

  it('may be set to a date in the token of the drop-in OAuth', async () => {
    const wechat = new FakeWechat()
    const oauth = new OAuth(appId, appSecret)
    oauth.setOpts({ fetch: wechat.fetch })
    const result = await new Promise<{ data: { create_at: unknown }; isValid: () => boolean }>((resolve) => {
      oauth.getAccessToken('code', (_error, given) => {
        resolve(given)
      })
    })
    for (const [age, valid] of [
      [0, true],
      [7_200_000, false],
    ] as const) {
      result.data.create_at = new Date(Date.now() - age)
      expect(result.isValid()).to.equal(valid)
    }
  })
})
