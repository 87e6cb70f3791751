import { createRequire } from 'node:module'
import * as compat from '@wechat-auth/wechat-oauth/compat'
import { OAuth, type OAuthError, type OAuthOptions } from '@wechat-auth/wechat-oauth/compat'
import type { WechatToken } from '@wechat-auth/wechat-oauth'
import { expect } from 'chai'
import sinon from 'sinon'
import { FakeWechat } from '../../../helpers/fake-wechat.js'
import {
  appId,
  appSecret,
  code,
  openid,
  record,
  tokenReply,
  userReply,
} from '../../../helpers/wechat-replies.js'

const require = createRequire(import.meta.url)
const login = (oauth: OAuth): Promise<OAuthError | null> =>
  new Promise((resolve) => {
    oauth.getAccessToken(code, resolve)
  })

describe('the drop-in OAuth', () => {
  let wechat: FakeWechat
  beforeEach(() => {
    wechat = new FakeWechat()
  })
  const { NODE_ENV: before } = process.env
  afterEach(() => {
    sinon.restore()
    if (before === undefined) delete process.env.NODE_ENV
    else process.env.NODE_ENV = before
  })
  const oauthWith = (options: OAuthOptions): OAuth => {
    const oauth = new OAuth(appId, appSecret)
    oauth.setOpts(options)
    return oauth
  }

  it('is one class, however it is loaded', () => {
    const required = require('@wechat-auth/wechat-oauth/compat') as typeof OAuth
    expect(required).to.equal(OAuth)
    expect(required.OAuth).to.equal(OAuth)
    expect(compat.default).to.equal(OAuth)
  })

  for (const [timeout, expected] of [
    [40, 40],
    ['40', 40],
    [[30, 20], 50],
  ] as const) {
    it(`takes the timeout ${JSON.stringify(timeout)} of setOpts for ${expected} ms`, async () => {
      const error = await login(oauthWith({ timeout, fetch: () => new Promise(() => undefined) }))
      expect(error).to.include({
        name: 'WeChatAPIResponseTimeoutError',
        message: `/sns/oauth2/access_token did not answer within ${expected} ms`,
      })
    })
  }

  it('names a function that declares a callback, resolves to undefined and does not call it', async () => {
    const oauth = oauthWith({ timeout: 40, fetch: wechat.fetch })
    oauth.saveToken = Object.defineProperty(async () => Promise.resolve(), 'length', { value: 3 })
    expect((await login(oauth))?.message).to.match(
      /^saveToken declares a callback but did not call it within 40 ms/,
    )
  })

  it('ignores unknown options and an invalid timeout', async () => {
    expect(await login(oauthWith({ timeout: 'soon', agent: {}, gzip: true, fetch: wechat.fetch }))).to.equal(
      null,
    )
  })

  it('uses the defaults without options', () => {
    const oauth = oauthWith({ endpoints: 'https://wechat.example.com' })
    expect(oauth.getAuthorizeURL('https://example.com/')).to.match(
      /^https:\/\/wechat\.example\.com\/connect\/oauth2\/authorize\?/,
    )
    oauth.setOpts(undefined)
    expect(oauth.getAuthorizeURL('https://example.com/')).to.match(/^https:\/\/open\.weixin\.qq\.com\//)
  })

  it('uses changed options and credentials from the next call', async () => {
    const oauth = oauthWith({ fetch: wechat.fetch, endpoints: 'https://one.example.com' })
    await login(oauth)
    Object.assign(oauth.defaults ?? {}, { endpoints: 'https://two.example.com' })
    oauth.appid = 'wx2'
    await login(oauth)
    expect(wechat.requests.map(({ host, searchParams }) => [host, searchParams.get('appid')])).to.deep.equal([
      ['one.example.com', appId],
      ['two.example.com', 'wx2'],
    ])
  })

  it('passes the error for a wrong option to the callback', async () => {
    expect(await login(oauthWith({ endpoints: 'http://wechat.example.com' }))).to.be.an.instanceOf(TypeError)
  })

  it('works for an object that inherits from one', async () => {
    expect(await login(Object.create(oauthWith({ fetch: wechat.fetch })) as OAuth)).to.equal(null)
  })

  it('warns in production if it keeps tokens in memory, and only then', () => {
    const warn = sinon.stub(console, 'warn')
    process.env.NODE_ENV = 'production'
    new OAuth(appId, appSecret, null, () => undefined)
    expect(warn.callCount).to.equal(0)
    new OAuth(appId, appSecret)
    expect(warn.callCount).to.equal(1)
  })

  describe('with functions of the application', () => {
    const functions: Record<string, (token: WechatToken) => OAuth['getToken']> = {
      'that call back': (token) => (_openid, callback) => {
        callback(null, token)
      },
      'that call back later, whatever they return': (token) => (_openid, callback) => {
        setImmediate(() => {
          callback(null, token)
        })
        return { query: 'of a driver' }
      },
      'that declare no callback and call back later':
        (token) =>
        (...values) => {
          setImmediate(() => {
            values[1](null, token)
          })
        },
      'that return promises': (token) => async () => Promise.resolve(token),
      'that are async and call back': (token) => async (_openid, callback) =>
        Promise.resolve().then(() => {
          setImmediate(() => {
            callback(null, token)
          })
        }),
    }
    for (const [which, make] of Object.entries(functions)) {
      it(`reads ${which}`, async () => {
        const oauth = oauthWith({ fetch: wechat.fetch })
        oauth.getToken = make(record({ create_at: Date.now() }))
        const [error, user] = await new Promise<unknown[]>((resolve) => {
          oauth.getUser(openid, (...values) => {
            resolve(values)
          })
        })
        expect(error).to.equal(null)
        expect(user).to.deep.equal(userReply())
      })
    }

    it('reads a promise of undefined as no record', async () => {
      const oauth = oauthWith({ fetch: wechat.fetch })
      oauth.getToken = async () => Promise.resolve()
      expect(
        await new Promise((resolve) => {
          oauth.getUser(openid, resolve)
        }),
      ).to.have.property('name', 'NoOAuthTokenError')
    })

    it('waits until a token is saved', async () => {
      const oauth = oauthWith({ fetch: wechat.fetch })
      const events: string[] = []
      oauth.saveToken = (_openid, _token, callback) =>
        setImmediate(() => {
          events.push('saved')
          callback(null)
        })
      await login(oauth)
      events.push('called back')
      expect(events).to.deep.equal(['saved', 'called back'])
    })

    it('calls them as methods of the object', async () => {
      const oauth = oauthWith({ fetch: wechat.fetch })
      const seen: unknown[] = []
      oauth.saveToken = function (this: unknown, _openid, _token, callback) {
        seen.push(this)
        callback(null)
      }
      await login(oauth)
      expect(seen).to.deep.equal([oauth])
      expect(seen[0]).to.equal(oauth)
    })

    const unreadable: Record<string, OAuth['getToken']> = {
      'cannot be read': (_openid, callback) => {
        callback(new Error('no such file'))
      },
      'is not a record': (_openid, callback) => {
        callback(null, '{"access' as unknown as WechatToken)
      },
      'is of another user': (_openid, callback) => {
        callback(null, record({ openid: 'oBBB' }))
      },
    }
    for (const [what, getToken] of Object.entries(unreadable)) {
      it(`saves a refreshed token if the record ${what}`, async () => {
        wechat.replies['/sns/oauth2/refresh_token'] = tokenReply({ access_token: 'new-access-token' })
        const oauth = oauthWith({ fetch: wechat.fetch })
        const saved: unknown[] = []
        oauth.getToken = getToken
        oauth.saveToken = (id, token, callback) => {
          saved.push([id, token.access_token])
          callback(null)
        }
        const error = await new Promise((resolve) => {
          oauth.refreshAccessToken('some-refresh-token', resolve)
        })
        expect(error).to.equal(null)
        expect(saved).to.deep.equal([[openid, 'new-access-token']])
      })
    }

    for (const [what, text] of Object.entries({ 'as a number': Number, 'as text': String })) {
      it(`refreshes and saves a record whose time a clock eight hours ahead wrote (${what})`, async () => {
        wechat.replies['/sns/oauth2/refresh_token'] = tokenReply({ access_token: 'refreshed' })
        const oauth = oauthWith({ fetch: wechat.fetch })
        const saved: WechatToken[] = []
        const ahead = record({ create_at: text(Date.now() + 8 * 3_600_000) as number })
        oauth.getToken = (_openid, callback) => {
          callback(null, ahead)
        }
        oauth.saveToken = (_openid, token, callback) => {
          saved.push(token)
          callback(null)
        }
        expect(
          await new Promise((resolve) => {
            oauth.getUser(openid, resolve)
          }),
        ).to.equal(null)
        expect(wechat.paths).to.deep.equal(['/sns/oauth2/refresh_token', '/sns/userinfo'])
        expect(saved).to.have.lengthOf(1)
        expect(saved[0]).to.include({ access_token: 'refreshed' })
        expect(saved[0]?.create_at).to.be.at.most(Date.now())
      })
    }

    it('does not refresh a token that was refreshed while it was read', async () => {
      const oauth = oauthWith({ fetch: wechat.fetch })
      const records = [record({ create_at: 0 }), record({ create_at: Date.now() })]
      oauth.getToken = (_openid, callback) => {
        callback(null, records.shift())
      }
      expect(
        await new Promise((resolve) => {
          oauth.getUser(openid, resolve)
        }),
      ).to.equal(null)
      expect(wechat.paths).to.deep.equal(['/sns/userinfo'])
    })
  })
})
