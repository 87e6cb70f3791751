import {
  WechatStrategy,
  type WechatOneAppOptions,
  type WechatProfile,
  type WechatVerifyInput,
} from '@wechat-auth/passport-wechat'
import { MemoryTokenStore, WechatError, type WechatToken } from '@wechat-auth/wechat-oauth'
import { expect } from 'chai'
import { action, authenticate, requestOf, type Action } from '../../helpers/authenticate.js'
import { FakeWechat } from '../../helpers/fake-wechat.js'
import { callbackURL } from '../../helpers/strategies.js'
import {
  appId,
  appSecret,
  code,
  openid,
  tokenReply,
  unionid,
  userReply,
} from '../../helpers/wechat-replies.js'

interface Login {
  token?: Record<string, unknown>
  user?: Record<string, unknown>
  options?: Partial<WechatOneAppOptions>
  scope?: string
}

async function logIn({
  token = {},
  user = {},
  options = {},
  scope,
}: Login): Promise<{ taken: Action; seen: WechatVerifyInput | undefined; wechat: FakeWechat }> {
  const wechat = new FakeWechat()
  wechat.replies['/sns/oauth2/access_token'] = tokenReply(token)
  wechat.replies['/sns/userinfo'] = userReply(user)
  let seen: WechatVerifyInput | undefined
  const strategy = new WechatStrategy(
    { appId, appSecret, callbackURL, fetch: wechat.fetch, ...options },
    (input) => {
      seen = input
      return Promise.resolve({ id: input.profile.id })
    },
  )
  const session = {}
  const { state } = await strategy.getAuthorization(
    requestOf({ session }),
    scope === undefined ? {} : { scope },
  )
  const taken = await authenticate(strategy, requestOf({ session, query: { code, state } }))
  return { taken, seen, wechat }
}

async function profileOf(login: Login): Promise<WechatProfile> {
  const { taken, seen } = await logIn(login)
  if (!seen) throw new Error('verify was not called', { cause: taken })
  return seen.profile
}

describe('the profile', () => {
  it("is a normalized Passport profile with WeChat's identifiers", async () => {
    const json = userReply({ sex: 1, unionid })
    const profile = await profileOf({ user: { sex: 1, unionid } })
    expect(JSON.parse(profile._raw)).to.deep.equal(json)
    expect(profile).to.deep.equal({
      provider: 'wechat',
      id: openid,
      displayName: '爱丽丝🐼',
      appId,
      mode: 'mp',
      openid,
      unionid,
      gender: 'male',
      photos: [{ value: 'https://thirdwx.qlogo.cn/mmopen/vi_32/abc/132' }],
      _raw: profile._raw,
      _json: json,
    })
  })

  it('leaves out members that WeChat leaves empty', async () => {
    const profile = await profileOf({ user: { nickname: '', headimgurl: '', sex: 0, unionid: '' } })
    expect(profile).to.have.property('displayName', '')
    expect(profile).not.to.have.any.keys('photos', 'gender', 'unionid', 'username', 'emails', 'name')
  })

  const pictures: [string, string][] = [
    ['http://wx.qlogo.cn/mmopen/abc/0', 'https://wx.qlogo.cn/mmopen/abc/0'],
    ['http://thirdwx.qlogo.cn/mmopen/abc/0', 'https://thirdwx.qlogo.cn/mmopen/abc/0'],
    ['http://evilqlogo.cn/abc', 'http://evilqlogo.cn/abc'],
    ['http://qlogo.cn.evil.example/abc', 'http://qlogo.cn.evil.example/abc'],
    ['http://127.0.0.1:3000/qlogo.cn/', 'http://127.0.0.1:3000/qlogo.cn/'],
  ]
  for (const [given, expected] of pictures) {
    it(`shows the picture ${given} as ${expected}`, async () => {
      expect((await profileOf({ user: { headimgurl: given } })).photos).to.deep.equal([{ value: expected }])
    })
  }

  it('maps the gender of a woman', async () => {
    expect((await profileOf({ user: { sex: 2 } })).gender).to.equal('female')
  })

  it('has only identifiers for snsapi_base, without a request to WeChat', async () => {
    for (const scope of ['snsapi_base', 'snsapi_base,']) {
      const { seen, wechat } = await logIn({ token: { scope, unionid } })
      expect(seen?.profile).to.deep.equal({
        provider: 'wechat',
        id: openid,
        displayName: '',
        appId,
        mode: 'mp',
        openid,
        unionid,
        _raw: JSON.stringify({ openid, unionid }),
        _json: { openid, unionid },
      })
      expect(wechat.paths).to.deep.equal(['/sns/oauth2/access_token'])
    }
  })

  it('depends on the granted scope, not on the requested one', async () => {
    expect(
      (await logIn({ scope: 'snsapi_base', token: { scope: 'snsapi_userinfo,' } })).wechat.paths,
    ).to.include('/sns/userinfo')
    expect(
      (await logIn({ scope: 'snsapi_userinfo', token: { scope: 'snsapi_base' } })).wechat.paths,
    ).not.to.include('/sns/userinfo')
  })

  it('depends on the requested scope if the reply has none', async () => {
    expect((await logIn({ scope: 'snsapi_base', token: { scope: undefined } })).wechat.paths).not.to.include(
      '/sns/userinfo',
    )
    expect((await logIn({ scope: 'snsapi_userinfo', token: { scope: undefined } })).wechat.paths).to.include(
      '/sns/userinfo',
    )
  })

  it('is requested in the language of the call, or of the strategy', async () => {
    const { wechat } = await logIn({ options: { lang: 'zh_TW' } })
    expect(wechat.requests.at(-1)?.searchParams.get('lang')).to.equal('zh_TW')
  })
})

describe('skipUserProfile', () => {
  const failure = new Error('no idea')
  const forms: [string, WechatOneAppOptions['skipUserProfile'], boolean][] = [
    ['true', true, true],
    ['false', false, false],
    ['a function', () => true, true],
    ['a function that returns false', () => false, false],
    ['a function with a promise', async () => true, true],
    ['a function with a callback', (_accessToken, done) => done(null, true), true],
    ['a function that calls its callback with nothing', (_accessToken, done) => done(), false],
  ]
  for (const [title, skipUserProfile, skipped] of forms) {
    it(`${skipped ? 'skips' : 'does not skip'} the profile, given ${title}`, async () => {
      const { wechat } = await logIn({ options: { skipUserProfile: skipUserProfile! } })
      expect(wechat.paths.includes('/sns/userinfo')).to.equal(!skipped)
    })
  }

  it('is an error in each way that it can fail', async () => {
    const broken: WechatOneAppOptions['skipUserProfile'][] = [
      () => {
        throw failure
      },
      () => Promise.reject(failure),
      (_accessToken, done) => done(failure),
      (accessToken, done) => {
        if (accessToken) throw failure
        done()
      },
      async (accessToken, done) => {
        if (accessToken) throw failure
        done()
      },
    ]
    for (const skipUserProfile of broken) {
      expect((await logIn({ options: { skipUserProfile: skipUserProfile! } })).taken).to.deep.equal({
        action: 'error',
        error: failure,
      })
    }
  })

  it('is an error when it never answers', async () => {
    const { taken } = await logIn({ options: { timeout: 30, skipUserProfile: () => new Promise(() => {}) } })
    expect(taken)
      .to.have.property('error')
      .that.is.instanceOf(WechatError)
      .with.property('code', 'ERR_WECHAT_CONFIG')
  })
})

describe('idSource', () => {
  it('takes the unionid from the token or the profile', async () => {
    expect((await profileOf({ token: { unionid }, options: { idSource: 'unionid' } })).id).to.equal(unionid)
    expect((await profileOf({ user: { unionid }, options: { idSource: 'unionid' } })).id).to.equal(unionid)
  })

  it('fails without a unionid, before verify', async () => {
    for (const token of [{}, { scope: 'snsapi_base' }, { unionid: '' }]) {
      const { taken, seen } = await logIn({ token, options: { idSource: 'unionid' } })
      expect(taken).to.include({ action: 'fail', status: 401 })
      expect(taken).to.have.nested.property('info.code', 'ERR_WECHAT_NO_UNIONID')
      expect(seen).to.equal(undefined)
    }
  })

  it('can be a function of token and user', async () => {
    const { taken, seen } = await logIn({
      options: { idSource: (token: WechatToken, userinfo) => `${token.openid}/${userinfo?.nickname ?? ''}` },
    })
    expect(taken.action).to.equal('success')
    expect(seen?.profile.id).to.equal(`${openid}/爱丽丝🐼`)
  })

  it('is an error if the function returns no string', async () => {
    for (const id of [undefined, '', 1, null]) {
      const { taken } = await logIn({ options: { idSource: () => id as string } })
      expect(taken)
        .to.have.property('error')
        .that.is.instanceOf(WechatError)
        .with.property('code', 'ERR_WECHAT_CONFIG')
    }
  })

  it('is an error when the function throws', async () => {
    const failure = new Error('no id')
    expect(
      (
        await logIn({
          options: {
            idSource: () => {
              throw failure
            },
          },
        })
      ).taken,
    ).to.deep.equal({ action: 'error', error: failure })
  })
})

describe('a snapshot user', () => {
  it('fails before the profile is requested and before verify, and saves nothing', async () => {
    const tokenStore = new MemoryTokenStore()
    const { taken, seen, wechat } = await logIn({ token: { is_snapshotuser: 1 }, options: { tokenStore } })
    expect(taken).to.include({ action: 'fail', status: 401 })
    expect(taken).to.have.nested.property('info.code', 'ERR_WECHAT_SNAPSHOT_USER')
    expect(seen).to.equal(undefined)
    expect(wechat.paths).to.deep.equal(['/sns/oauth2/access_token'])
    expect(await tokenStore.getToken(openid)).not.to.be.an('object')
  })

  it('logs in and is saved if the application allows it', async () => {
    const tokenStore = new MemoryTokenStore()
    const { taken, seen } = await logIn({
      token: { is_snapshotuser: 1 },
      options: { snapshotUser: 'allow', tokenStore },
    })
    expect(taken.action).to.equal('success')
    expect(seen?.params.is_snapshotuser).to.equal(1)
    expect(await tokenStore.getToken(openid)).to.have.property('is_snapshotuser', 1)
  })
})

describe('the token', () => {
  it('is saved before verify is called', async () => {
    const tokenStore = new MemoryTokenStore()
    let saved: unknown
    const wechat = new FakeWechat()
    const strategy = new WechatStrategy(
      { appId, appSecret, callbackURL, fetch: wechat.fetch, tokenStore },
      async () => {
        saved = await tokenStore.getToken(openid)
        return { id: 1 }
      },
    )
    const session = {}
    const { state } = await strategy.getAuthorization(requestOf({ session }))
    await action('success', authenticate(strategy, requestOf({ session, query: { code, state } })))
    expect(saved).to.include({ openid, refresh_token: tokenReply()['refresh_token'] })
  })
})
