import { once } from 'node:events'
import { OAuth, type OAuthError } from '@wechat-auth/wechat-oauth/compat'
import { expect } from 'chai'
import { FakeWechat } from '../../../helpers/fake-wechat.js'
import { appId, appSecret, code, openid, record, tokenReply } from '../../../helpers/wechat-replies.js'

describe('callbacks of the drop-in OAuth', () => {
  let wechat: FakeWechat
  let oauth: OAuth
  beforeEach(() => {
    wechat = new FakeWechat()
    oauth = new OAuth(appId, appSecret)
    oauth.setOpts({ fetch: wechat.fetch })
  })

  it("are called once if the application's function calls back twice", async () => {
    let calls = 0
    oauth.saveToken = (_openid, _token, callback) => {
      callback(null)
      callback(new Error('late'))
    }
    await new Promise<void>((resolve) => {
      oauth.getAccessToken(code, () => {
        calls += 1
        setImmediate(resolve)
      })
    })
    expect(calls).to.equal(1)
  })

  it('may throw: the process gets the error, and no callback is called twice', async () => {
    const listeners = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    let calls = 0
    try {
      const caught = once(process, 'uncaughtException') as Promise<[Error]>
      oauth.getUserByCode(code, () => {
        calls += 1
        throw new Error('of the application')
      })
      expect((await caught)[0].message).to.equal('of the application')
    } finally {
      for (const listener of listeners) process.on('uncaughtException', listener)
    }
    expect(calls).to.equal(1)
  })

  it('may be left out', async () => {
    const saved = new Promise((resolve) => {
      oauth.saveToken = resolve
    })
    oauth.getAccessToken(code)
    expect(await saved).to.equal(openid)
  })

  // As `(openid, token, callback) => pool.query(…, callback)` does.
  const handles: Record<string, unknown> = {
    'a query whose then throws': {
      then: () => {
        throw new Error('You have tried to call .then()')
      },
    },
    'a query that runs again when it is awaited': {
      then: (resolve: (value: null) => void) => {
        resolve(null)
      },
    },
    true: true,
    'a record': record(),
    'a promise of undefined': Promise.resolve(),
  }
  for (const [what, handle] of Object.entries(handles)) {
    it(`get what the application's functions call back with, if these return ${what}`, async () => {
      const outcome = (start: (callback: (error: OAuthError | null) => void) => void): Promise<unknown> => {
        return new Promise(start)
      }
      const failure = new Error('not saved')
      oauth.saveToken = (_openid, _token, callback) => {
        setImmediate(callback, failure)
        return handle
      }
      expect(await outcome((callback) => oauth.getAccessToken(code, callback))).to.equal(failure)
      oauth.getToken = (_openid, callback) => {
        setImmediate(callback, null, record({ access_token: 'called-back', create_at: Date.now() }))
        return handle
      }
      expect(await outcome((callback) => oauth.getUser(openid, callback))).to.equal(null)
      expect(wechat.requests.at(-1)?.searchParams.get('access_token')).to.equal('called-back')
    })
  }

  it('wait for a function that declares no callback and returns no promise', async () => {
    oauth.saveToken = (...values) => {
      setImmediate(values[2], new Error('not saved'))
      return true
    }
    const error = await new Promise((resolve) => {
      oauth.getAccessToken(code, resolve)
    })
    expect(error).to.have.property('message', 'not saved')
  })

  it('get an error without secrets, with its cause', async () => {
    wechat.replies['/sns/oauth2/access_token'] = {
      errcode: 40125,
      errmsg: `invalid appsecret ${appSecret}, rid: 5f1e2d3c-00112233-44556677`,
    }
    const error = await new Promise<OAuthError | null>((resolve) => {
      oauth.getAccessToken(code, resolve)
    })
    expect(error).to.include({
      name: 'WeChatAPIError',
      message: 'invalid appsecret ***, rid: 5f1e2d3c-00112233-44556677',
      code: 40125,
    })
    expect(error?.cause).to.include({
      kind: 'config',
      requestId: '5f1e2d3c-00112233-44556677',
      endpoint: '/sns/oauth2/access_token',
    })
  })

  it("get the system's code if WeChat cannot be reached", async () => {
    wechat.replies['/sns/oauth2/access_token'] = () => {
      throw Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNREFUSED' } })
    }
    const error = await new Promise<OAuthError | null>((resolve) => {
      oauth.getAccessToken(code, resolve)
    })
    expect(error).to.include({ name: 'WeChatAPIRequestError', code: 'ECONNREFUSED' })
  })

  it("get an error if the application's function fails with a falsy value", async () => {
    oauth.saveToken = () => Promise.reject(undefined)
    expect(
      await new Promise((resolve) => {
        oauth.getAccessToken(code, resolve)
      }),
    ).to.be.an.instanceOf(Error)
  })

  it('get a token that expires to the millisecond', async () => {
    wechat.replies['/sns/oauth2/access_token'] = tokenReply({ expires_in: 100 })
    const token = await new Promise<{ data: { create_at: number | string }; isValid: () => boolean }>(
      (resolve) => {
        oauth.getAccessToken(code, (_error, result) => {
          resolve(result)
        })
      },
    )
    token.data.create_at = Date.now() - 99_000
    expect(token.isValid()).to.equal(true)
    token.data.create_at = String(Date.now() - 100_000)
    expect(token.isValid()).to.equal(false)
  })
})
