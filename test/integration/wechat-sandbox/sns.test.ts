import { expect } from 'chai'
import { startSandbox, type Sandbox } from '@wechat-auth/wechat-sandbox'
import {
  appOf,
  oneDay,
  exchange,
  get,
  oneHour,
  jscode2session,
  login,
  oneMinute,
  refresh,
  userinfo,
  type Json,
} from './wechat.js'

const ridPattern = /, rid: ([0-9a-f]{8})-[0-9a-f]{8}-[0-9a-f]{8}$/

function withoutRid({ errcode, errmsg }: Json): [unknown, string] {
  return [errcode, String(errmsg).replace(ridPattern, '')]
}

describe('/sns of the sandbox', () => {
  let sandbox: Sandbox
  let mp: string
  let mini: string

  before(async () => {
    sandbox = await startSandbox()
    mp = appOf(sandbox, 'mp').appId
    mini = appOf(sandbox, 'miniprogram').appId
  })
  afterEach(() => sandbox.reset())
  after(() => sandbox.close())

  const codeFor = (user = 'alice', scope = 'snsapi_userinfo', snapshot = false): string =>
    sandbox.issueCode({ appId: mp, user, scope, snapshot })

  describe('form of the replies', () => {
    it('has status 200 and text/plain without a charset, for success and errors', async () => {
      for (const { status, headers } of [
        await exchange(sandbox, 'mp', codeFor()),
        await exchange(sandbox, 'mp', 'nonsense'),
      ]) {
        expect(status).to.equal(200)
        expect(headers.get('content-type')).to.equal('text/plain')
      }
    })

    it('is JSON without spaces, with raw UTF-8 and every slash escaped', async () => {
      const { text } = await userinfo(sandbox, await login(sandbox, 'panda'))
      expect(text).to.contain('"nickname":"熊猫🐼')
      expect(text).to.contain('"headimgurl":"http:\\/\\/127.0.0.1')
      expect(text.replaceAll('\\/', '')).not.to.contain('/')
      expect(text).not.to.match(/[:,] /)
    })

    it("has the fields in WeChat's order", async () => {
      const token = await login(sandbox)
      expect(Object.keys(token)).to.deep.equal([
        'access_token',
        'expires_in',
        'refresh_token',
        'openid',
        'scope',
        'unionid',
      ])
      expect(Object.keys((await userinfo(sandbox, token)).json)).to.deep.equal([
        'openid',
        'nickname',
        'sex',
        'language',
        'city',
        'province',
        'country',
        'headimgurl',
        'privilege',
        'unionid',
      ])
      const session = await jscode2session(sandbox, sandbox.wxLogin({ appId: mini, user: 'alice' }))
      expect(Object.keys(session.json)).to.deep.equal(['session_key', 'openid', 'unionid'])
    })

    it("ends an error text with a rid that starts with the sandbox's time in hex", async () => {
      sandbox.clock.advance(400 * oneDay)
      const { json } = await exchange(sandbox, 'mp', 'nonsense')
      expect(json['errmsg']).to.match(/^invalid code, rid: /)
      const [, seconds = ''] = ridPattern.exec(String(json['errmsg'])) ?? []
      expect(parseInt(seconds, 16)).to.be.closeTo(sandbox.clock.now() / 1000, 5)
    })

    it('has the older texts, or texts without a suffix, if configured', async () => {
      sandbox.configure({ errmsgStyle: 'hints' })
      expect((await exchange(sandbox, 'mp', 'nonsense')).json['errmsg']).to.match(
        /^invalid code, hints: \[ req_id: [\w-]+ \]$/,
      )
      expect((await exchange(sandbox, 'mp', 'x', { secret: 'x' })).json['errmsg']).to.contain(
        'view more at http://t.cn/',
      )
      sandbox.configure({ errmsgStyle: 'bare' })
      expect((await exchange(sandbox, 'mp', 'nonsense')).json).to.deep.equal({
        errcode: 40029,
        errmsg: 'invalid code',
      })
    })

    it('has errcode 40066 and another JSON content type for an unknown path', async () => {
      const { status, headers, json } = await get(sandbox, '/cgi-bin/nothing')
      expect(status).to.equal(200)
      expect(headers.get('content-type')).to.equal('application/json; encoding=utf-8')
      expect(json['errcode']).to.equal(40066)
      expect(json['errmsg']).to.match(/^invalid url rid: [0-9a-f-]{26}$/)
    })

    for (const [method, path] of [
      ['POST', '/sns/userinfo'],
      ['POST', '/sns/jscode2session'],
      ['PUT', '/sns/oauth2/access_token'],
    ] as const) {
      it(`has errcode 43001 for ${method} ${path}`, async () => {
        const answer = await fetch(sandbox.url + path, { method })
        expect(await answer.json()).to.have.property('errcode', 43001)
      })
    }

    it('uses the first value of a repeated parameter', async () => {
      const { appId, appSecret } = appOf(sandbox, 'mp')
      const query = `appid=${appId}&appid=wx0&secret=${appSecret}&code=${codeFor()}&code=x&grant_type=authorization_code`
      const answer = await fetch(`${sandbox.url}/sns/oauth2/access_token?${query}`)
      expect(await answer.json()).to.have.property('openid')
    })
  })

  describe('a posted form', () => {
    const formOf = (code: string): Record<string, string> => {
      const { appId, appSecret } = appOf(sandbox, 'mp')
      return { appid: appId, secret: appSecret, code, grant_type: 'authorization_code' }
    }
    const postForm = async (
      path: string,
      fields: Record<string, string>,
      type = 'application/x-www-form-urlencoded',
    ): Promise<Json> => {
      const answer = await fetch(sandbox.url + path, {
        method: 'POST',
        headers: { 'content-type': type },
        body: new URLSearchParams(fields).toString(),
      })
      return (await answer.json()) as Json
    }

    it('exchanges a code', async () => {
      expect(await postForm('/sns/oauth2/access_token', formOf(codeFor()))).to.include(
        sandbox.idsOf({ appId: appOf(sandbox, 'mp').appId, user: 'alice' }),
      )
    })

    it('refreshes', async () => {
      const { refresh_token: token } = await login(sandbox)
      const fields = {
        appid: appOf(sandbox, 'mp').appId,
        grant_type: 'refresh_token',
        refresh_token: String(token),
      }
      expect(await postForm('/sns/oauth2/refresh_token', fields)).to.have.property('refresh_token', token)
    })

    it('comes after the query', async () => {
      expect(await postForm('/sns/oauth2/access_token?secret=wrong', formOf(codeFor()))).to.have.property(
        'errcode',
        40125,
      )
    })

    it('needs the content type of a form', async () => {
      expect(await postForm('/sns/oauth2/access_token', formOf(codeFor()), 'text/plain')).to.have.property(
        'errcode',
        41002,
      )
    })
  })

  describe('access_token and jscode2session: checks, in this order', () => {
    const steps: [string, Record<string, string>, [number, string]][] = [
      ['no appid', { appid: '', secret: '', grant_type: '' }, [41002, 'appid missing']],
      ['an unknown appid', { appid: 'wx0', secret: '', grant_type: '' }, [40013, 'invalid appid']],
      ['no secret', { secret: '', grant_type: '' }, [41004, 'appsecret missing']],
      ['a wrong secret', { secret: 'wrong', grant_type: '' }, [40125, 'invalid appsecret']],
      ['no grant_type', { grant_type: '' }, [40002, 'invalid grant_type']],
      ['another grant_type', { grant_type: 'refresh_token' }, [40002, 'invalid grant_type']],
      ['no code', {}, [41008, 'missing code']],
    ]
    for (const [what, changes, expected] of steps) {
      it(`${what}: ${expected.join(' ')}`, async () => {
        expect(withoutRid((await exchange(sandbox, 'mp', '', changes)).json)).to.deep.equal(expected)
        expect(withoutRid((await jscode2session(sandbox, '', changes)).json)).to.deep.equal(expected)
      })
    }

    it('an unknown code: 40029', async () => {
      expect(withoutRid((await exchange(sandbox, 'mp', 'nonsense')).json)).to.deep.equal([
        40029,
        'invalid code',
      ])
      expect(withoutRid((await jscode2session(sandbox, 'nonsense')).json)).to.deep.equal([
        40029,
        'invalid code',
      ])
    })
  })

  describe('codes', () => {
    it('work for one exchange: then 40163 until they expire, and 40029 afterwards', async () => {
      const code = codeFor()
      expect((await exchange(sandbox, 'mp', code)).json).to.have.property('access_token')
      expect((await exchange(sandbox, 'mp', code)).json['errcode']).to.equal(40163)
      sandbox.clock.advance(5 * oneMinute)
      expect((await exchange(sandbox, 'mp', code)).json['errcode']).to.equal(40029)
    })

    it('live 5 minutes', async () => {
      const [inTime, late] = [codeFor(), codeFor()]
      sandbox.clock.advance(5 * oneMinute - 5000)
      expect((await exchange(sandbox, 'mp', inTime)).json).to.have.property('access_token')
      sandbox.clock.advance(5000)
      expect((await exchange(sandbox, 'mp', late)).json['errcode']).to.equal(40029)
    })

    it('fail with 42003 after expiry, and live longer, if configured', async () => {
      sandbox.configure({ expiredCode: 42003, codeLifetime: 10 * oneMinute })
      const [inTime, late] = [codeFor(), codeFor()]
      sandbox.clock.advance(9 * oneMinute)
      expect((await exchange(sandbox, 'mp', inTime)).json).to.have.property('access_token')
      sandbox.clock.advance(oneMinute)
      expect(withoutRid((await exchange(sandbox, 'mp', late)).json)).to.deep.equal([42003, 'code expired'])
    })

    it('are exchanged once by twenty concurrent exchanges', async () => {
      const code = codeFor()
      const answers = await Promise.all(Array.from({ length: 20 }, () => exchange(sandbox, 'mp', code)))
      expect(answers.filter(({ json }) => 'access_token' in json)).to.have.length(1)
      expect(answers.filter(({ json }) => json['errcode'] === 40163)).to.have.length(19)
    })

    it('stay unused after an exchange with a wrong secret', async () => {
      const code = codeFor()
      expect((await exchange(sandbox, 'mp', code, { secret: 'wrong' })).json['errcode']).to.equal(40125)
      expect((await exchange(sandbox, 'mp', code)).json).to.have.property('access_token')
    })

    it('do not work for another app or at the other endpoint', async () => {
      const js = sandbox.wxLogin({ appId: mini, user: 'alice' })
      expect((await exchange(sandbox, 'website', codeFor())).json['errcode']).to.equal(40029)
      expect((await jscode2session(sandbox, codeFor())).json['errcode']).to.equal(40029)
      expect((await exchange(sandbox, 'mp', js)).json['errcode']).to.equal(40029)
    })
  })

  describe('access_token', () => {
    it("returns tokens of WeChat's length, the openid and the granted scope", async () => {
      const token = await login(sandbox)
      expect(token['access_token']).to.match(/^\d\d_[\w-]{107}$/)
      expect(token['refresh_token']).to.match(/^\d\d_[\w-]{107}$/)
      expect(token).to.deep.include({
        expires_in: 7200,
        scope: 'snsapi_userinfo',
        ...sandbox.idsOf({ appId: mp, user: 'alice' }),
      })
      expect(token).not.to.have.property('is_snapshotuser')
    })

    it('returns no unionid after a silent login', async () => {
      expect(await login(sandbox, 'alice', 'snsapi_base')).to.not.have.property('unionid')
    })

    it('returns the unionid to a website', async () => {
      const appId = appOf(sandbox, 'website').appId
      const { json } = await exchange(
        sandbox,
        'website',
        sandbox.issueCode({ appId, user: 'alice', scope: 'snsapi_login' }),
      )
      expect(json).to.deep.include({ scope: 'snsapi_login', ...sandbox.idsOf({ appId, user: 'alice' }) })
    })

    it('returns no unionid to an app without an open-platform account', async () => {
      const unbound = await startSandbox({
        apps: [{ appId: 'wxsandboxunbound01', appSecret: 's', type: 'mp' }],
      })
      try {
        const token = await login(unbound)
        expect(token).to.have.property('openid')
        expect(token).to.not.have.property('unionid')
        expect((await userinfo(unbound, token)).json).to.not.have.property('unionid')
      } finally {
        await unbound.close()
      }
    })

    it('returns a virtual account for a snapshot page, and marks it', async () => {
      const { json } = await exchange(sandbox, 'mp', codeFor('alice', 'snsapi_userinfo', true))
      expect(json).to.deep.include({
        is_snapshotuser: 1,
        ...sandbox.idsOf({ appId: mp, user: 'alice', snapshot: true }),
      })
      const user = (await userinfo(sandbox, json)).json
      expect(user['nickname']).not.to.equal('爱丽丝')
      expect(user['headimgurl']).to.equal('')
    })

    it('fails with 50002 for a frozen user', async () => {
      sandbox.updateUser('alice', { state: 'frozen' })
      expect(withoutRid((await exchange(sandbox, 'mp', codeFor())).json)).to.deep.equal([
        50002,
        'user limited',
      ])
    })
  })

  describe('refresh_token', () => {
    it('before expiry: returns the same access token, extended to two hours, without a unionid', async () => {
      const token = await login(sandbox)
      sandbox.clock.advance(oneHour)
      const { json } = await refresh(sandbox, token['refresh_token'])
      expect(Object.keys(json)).to.deep.equal([
        'access_token',
        'expires_in',
        'refresh_token',
        'openid',
        'scope',
      ])
      expect(json).to.include({
        access_token: token['access_token'],
        refresh_token: token['refresh_token'],
        expires_in: 7200,
      })
      sandbox.clock.advance(2 * oneHour - oneMinute)
      expect((await userinfo(sandbox, token)).json).to.have.property('nickname')
    })

    it('after expiry: returns a new access token, and the old one stays expired', async () => {
      const token = await login(sandbox)
      sandbox.clock.advance(2 * oneHour)
      const { json } = await refresh(sandbox, token['refresh_token'])
      expect(json['access_token']).to.be.a('string').that.does.not.equal(token['access_token'])
      expect((await userinfo(sandbox, json)).json).to.have.property('nickname')
      expect((await userinfo(sandbox, token)).json['errcode']).to.equal(42001)
    })

    it('expires 30 days after the login, even if it was used', async () => {
      const token = await login(sandbox)
      sandbox.clock.advance(29 * oneDay)
      expect((await refresh(sandbox, token['refresh_token'])).json).to.have.property('access_token')
      sandbox.clock.advance(oneDay)
      expect(withoutRid((await refresh(sandbox, token['refresh_token'])).json)).to.deep.equal([
        42002,
        'refresh_token expired',
      ])
    })

    it('is replaced at each use for 30 more days, if configured', async () => {
      sandbox.configure({ rotateRefreshTokens: true })
      const token = await login(sandbox)
      sandbox.clock.advance(29 * oneDay)
      const second = (await refresh(sandbox, token['refresh_token'])).json
      expect(second['refresh_token']).to.not.equal(token['refresh_token'])
      expect((await refresh(sandbox, token['refresh_token'])).json['errcode']).to.equal(40030)
      sandbox.clock.advance(29 * oneDay)
      expect((await refresh(sandbox, second['refresh_token'])).json).to.have.property('access_token')
    })

    const wrong: [string, string, Record<string, string>, [number, string]][] = [
      ['no appid', 'x', { appid: '' }, [41002, 'appid missing']],
      ['an unknown appid', 'x', { appid: 'wx0' }, [40013, 'invalid appid']],
      ['another grant_type', 'x', { grant_type: 'authorization_code' }, [40002, 'invalid grant_type']],
      ['no refresh_token', '', {}, [41003, 'refresh_token missing']],
      ['an unknown refresh_token', 'x', {}, [40030, 'invalid refresh_token']],
    ]
    for (const [what, token, changes, expected] of wrong) {
      it(`${what}: ${expected.join(' ')}`, async () => {
        expect(withoutRid((await refresh(sandbox, token, changes)).json)).to.deep.equal(expected)
      })
    }

    it('of another app: 40030', async () => {
      const { refresh_token: token } = await login(sandbox)
      expect(
        (await refresh(sandbox, token, { appid: appOf(sandbox, 'website').appId })).json['errcode'],
      ).to.equal(40030)
    })
  })

  describe('userinfo and auth', () => {
    it('return the user, with empty sex, language and place, as today', async () => {
      const token = await login(sandbox)
      const { json } = await userinfo(sandbox, token)
      expect(json).to.deep.equal({
        openid: token['openid'],
        nickname: '爱丽丝',
        sex: 0,
        language: '',
        city: '',
        province: '',
        country: '',
        headimgurl: `${sandbox.url}/__sandbox/avatar/alice.svg`,
        privilege: [],
        unionid: token['unionid'],
      })
      const picture = await fetch(String(json['headimgurl']))
      expect(picture.headers.get('content-type')).to.match(/^image\/svg\+xml/)
    })

    it('report ok for a valid token', async () => {
      const { access_token: token, openid } = await login(sandbox)
      const { json } = await get(sandbox, '/sns/auth', {
        access_token: String(token),
        openid: String(openid),
      })
      expect(json).to.deep.equal({ errcode: 0, errmsg: 'ok' })
    })

    for (const path of ['/sns/userinfo', '/sns/auth']) {
      describe(path, () => {
        const ask = async (query: Json): Promise<[unknown, string]> =>
          withoutRid(
            (
              await get(
                sandbox,
                path,
                Object.fromEntries(Object.entries(query).map(([k, v]) => [k, String(v)])),
              )
            ).json,
          )

        it('no access_token: 41001', async () => {
          expect(await ask({})).to.deep.equal([41001, 'access_token missing'])
        })
        it('no openid: 41009', async () => {
          expect(await ask({ access_token: 'x' })).to.deep.equal([41009, 'missing openid'])
        })
        it('an unknown access_token: 40001 or 40014', async () => {
          expect(await ask({ access_token: 'x', openid: 'o' })).to.deep.equal(
            path === '/sns/auth'
              ? [40014, 'invalid access_token']
              : [40001, 'invalid credential, access_token is invalid or not latest'],
          )
        })
        it('an expired access_token: 42001', async () => {
          const { access_token, openid } = await login(sandbox)
          sandbox.clock.advance(2 * oneHour)
          expect(await ask({ access_token, openid })).to.deep.equal([42001, 'access_token expired'])
        })
        it('the openid of somebody else: 40003', async () => {
          const { access_token } = await login(sandbox)
          expect(
            await ask({ access_token, openid: sandbox.idsOf({ appId: mp, user: 'bob' }).openid }),
          ).to.deep.equal([40003, 'invalid openid'])
        })
        it('a token from before a change of password: 42007; later ones work', async () => {
          const { access_token, openid } = await login(sandbox)
          sandbox.changePassword('alice')
          expect(await ask({ access_token, openid })).to.deep.equal([
            42007,
            'access_token and refresh_token exception',
          ])
          const [errcode] = await ask(await login(sandbox))
          expect([undefined, 0]).to.include(errcode)
        })
        it('a frozen user: 50002', async () => {
          const { access_token, openid } = await login(sandbox)
          sandbox.updateUser('alice', { state: 'frozen' })
          expect(await ask({ access_token, openid })).to.deep.equal([50002, 'user limited'])
        })
      })
    }

    it('refuse a token of a silent login: 48001', async () => {
      const { json } = await userinfo(sandbox, await login(sandbox, 'alice', 'snsapi_base'))
      expect(withoutRid(json)).to.deep.equal([48001, 'api unauthorized'])
    })

    it('refuse a refresh after a change of password: 42007', async () => {
      const token = await login(sandbox)
      sandbox.changePassword('alice')
      expect((await refresh(sandbox, token['refresh_token'])).json['errcode']).to.equal(42007)
      expect((await refresh(sandbox, (await login(sandbox, 'bob'))['refresh_token'])).json).to.have.property(
        'access_token',
      )
    })
  })

  describe('jscode2session', () => {
    it("returns the ids and the key that encrypts the user's data", async () => {
      const sessionKey = sandbox.renewSessionKey({ appId: mini, user: 'alice' })
      const { json } = await jscode2session(sandbox, sandbox.wxLogin({ appId: mini, user: 'alice' }))
      expect(json).to.deep.equal({
        session_key: sessionKey,
        ...sandbox.idsOf({ appId: mini, user: 'alice' }),
      })
      expect(Buffer.from(sessionKey, 'base64')).to.have.length(16)
    })

    it('does not accept code instead of js_code: 41008', async () => {
      const code = sandbox.wxLogin({ appId: mini, user: 'alice' })
      expect((await jscode2session(sandbox, '', { code })).json['errcode']).to.equal(41008)
    })

    it('fails with 40226 for a blocked user', async () => {
      sandbox.updateUser('alice', { state: 'blocked' })
      const { json } = await jscode2session(sandbox, sandbox.wxLogin({ appId: mini, user: 'alice' }))
      expect(withoutRid(json)).to.deep.equal([40226, 'code blocked'])
    })

    it("fails with 45011 from a user's 101st call in a minute, and leaves the code unused", async () => {
      for (let call = 0; call < 100; call += 1) {
        const { json } = await jscode2session(sandbox, sandbox.wxLogin({ appId: mini, user: 'alice' }))
        expect(json).to.have.property('session_key')
      }
      const code = sandbox.wxLogin({ appId: mini, user: 'alice' })
      expect(withoutRid((await jscode2session(sandbox, code)).json)).to.deep.equal([
        45011,
        'api minute-quota reach limit  mustslower  retry next minute',
      ])
      expect(
        (await jscode2session(sandbox, sandbox.wxLogin({ appId: mini, user: 'bob' }))).json,
      ).to.have.property('session_key')
      sandbox.clock.advance(oneMinute)
      expect((await jscode2session(sandbox, code)).json).to.have.property('session_key')
    })
  })
})
