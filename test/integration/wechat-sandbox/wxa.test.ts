import { createHmac } from 'node:crypto'
import { expect } from 'chai'
import { startSandbox, type Sandbox } from '@wechat-auth/wechat-sandbox'
import { apiError, appOf, appToken, get, oneHour, oneMinute, post, type Json } from './wechat.js'

// The official example of the signature, and the same key over nothing.
const documentedKey = 'o0q0otL8aEzpcZL/FT9WsQ=='
const overExample = '654571f79995b2ce1e149e53c0a33dc39c0a74090db514261454e8dbe432aa0b'
const overNothing = '46e043c5525c2d817c44be603d30837a808a1d930d038f6fdc3e62a201fed128'

function sign(sessionKey: string, data = ''): string {
  return createHmac('sha256', sessionKey).update(data).digest('hex')
}

describe('/wxa of the sandbox', () => {
  let sandbox: Sandbox
  let mini: string
  let openid: string

  before(async () => {
    sandbox = await startSandbox()
    mini = appOf(sandbox, 'miniprogram').appId
    ;({ openid } = sandbox.idsOf({ appId: mini, user: 'alice' }))
  })
  afterEach(() => sandbox.reset())
  after(() => sandbox.close())

  describe('checksession and resetusersessionkey', () => {
    const ask = async (name: string, changes: Record<string, string> = {}): Promise<Json> =>
      (
        await get(sandbox, `/wxa/${name}`, {
          access_token: await appToken(sandbox, 'miniprogram'),
          openid,
          signature: overNothing,
          sig_method: 'hmac_sha256',
          ...changes,
        })
      ).json
    beforeEach(() => {
      sandbox.renewSessionKey({ appId: mini, user: 'alice', sessionKey: documentedKey })
    })

    it("sign with the key's base64 text, as the official example does", async () => {
      expect(sign(documentedKey, '{"foo":"bar"}')).to.equal(overExample)
      expect(sign(documentedKey)).to.equal(overNothing)
      expect(await ask('checksession')).to.deep.equal({ errcode: 0, errmsg: 'ok' })
      const decoded = createHmac('sha256', Buffer.from(documentedKey, 'base64')).update('').digest('hex')
      expect(apiError(await ask('checksession', { signature: decoded }))).to.deep.equal([
        87009,
        'invalid signature',
      ])
    })

    it('reset: replaces the key', async () => {
      const reset = await ask('resetusersessionkey')
      expect(Object.keys(reset)).to.deep.equal(['errcode', 'errmsg', 'openid', 'session_key'])
      expect(reset).to.include({ errcode: 0, errmsg: 'ok', openid })
      const key = String(reset['session_key'])
      expect(Buffer.from(key, 'base64')).to.have.length(16)
      expect((await ask('checksession'))['errcode']).to.equal(87009)
      expect((await ask('resetusersessionkey'))['errcode']).to.equal(87009)
      expect((await ask('checksession', { signature: sign(key) }))['errcode']).to.equal(0)
    })

    it('check: changes nothing', async () => {
      await ask('checksession')
      expect((await ask('checksession'))['errcode']).to.equal(0)
    })

    it('reset: keeps the key above the quota per minute: 45011', async () => {
      sandbox.configure({ sessionResetsPerMinute: 1 })
      sandbox.clock.advance(oneMinute - (sandbox.clock.now() % oneMinute))
      const signature = sign(String((await ask('resetusersessionkey'))['session_key']))
      expect((await ask('resetusersessionkey', { signature }))['errcode']).to.equal(45011)
      sandbox.clock.advance(oneMinute)
      expect((await ask('resetusersessionkey', { signature }))['errcode']).to.equal(0)
    })

    const steps: [string, Record<string, string>, [number, string]][] = [
      ['no token', { access_token: '', openid: '' }, [41001, 'access_token missing']],
      [
        'an unknown token',
        { access_token: 'x', openid: '' },
        [40001, 'invalid credential, access_token is invalid or not latest'],
      ],
      ['no openid', { openid: '', sig_method: '' }, [41009, 'missing openid']],
      ['an unknown openid', { openid: 'o', sig_method: '' }, [40003, 'invalid openid']],
      ['another sig_method', { sig_method: 'sha256', signature: '' }, [87008, 'invalid sig_method']],
      ['no signature', { signature: '' }, [87009, 'invalid signature']],
      ['a signature in capitals', { signature: overNothing.toUpperCase() }, [87009, 'invalid signature']],
    ]
    for (const name of ['checksession', 'resetusersessionkey']) {
      for (const [what, changes, expected] of steps) {
        it(`${name} refuses ${what}: ${expected.join(' ')}`, async () => {
          expect(apiError(await ask(name, changes))).to.deep.equal(expected)
        })
      }

      it(`${name} refuses the openid of another app: 40003`, async () => {
        const foreign = sandbox.idsOf({ appId: appOf(sandbox, 'mp').appId, user: 'alice' }).openid
        expect((await ask(name, { openid: foreign }))['errcode']).to.equal(40003)
      })

      it(`${name} refuses the token of an official account: 48001`, async () => {
        expect((await ask(name, { access_token: await appToken(sandbox) }))['errcode']).to.equal(48001)
      })

      it(`${name} refuses a frozen user: 50002`, async () => {
        sandbox.updateUser('alice', { state: 'frozen' })
        expect((await ask(name))['errcode']).to.equal(50002)
      })

      it(`${name} accepts only GET: 43001`, async () => {
        expect((await post(sandbox, `/wxa/${name}`, {}, '')).json['errcode']).to.equal(43001)
      })
    }
  })

  describe('business/getuserphonenumber', () => {
    const phonePath = '/wxa/business/getuserphonenumber'
    const ask = async (body: Json | string, query: Record<string, string> = {}): Promise<Json> =>
      (
        await post(
          sandbox,
          phonePath,
          { access_token: await appToken(sandbox, 'miniprogram'), ...query },
          body,
        )
      ).json
    const code = (of: { phoneNumber?: string; countryCode?: string } = {}): string =>
      sandbox.issuePhoneCode({ appId: mini, user: 'alice', ...of })

    it("returns the user's number with a watermark of the sandbox's time for a code of 64 hex digits", async () => {
      sandbox.clock.advance(oneHour)
      const phoneCode = code()
      expect(phoneCode).to.match(/^[0-9a-f]{64}$/)
      const json = await ask({ code: phoneCode })
      expect(Object.keys(json)).to.deep.equal(['errcode', 'errmsg', 'phone_info'])
      expect(json).to.include({ errcode: 0, errmsg: 'ok' })
      const { watermark, ...info } = json['phone_info'] as Json
      expect(info['phoneNumber']).to.match(/^1[3-9]\d{9}$/)
      expect(info).to.deep.equal({
        phoneNumber: info['phoneNumber'],
        purePhoneNumber: info['phoneNumber'],
        countryCode: '86',
      })
      const { timestamp, appid } = watermark as Json
      expect(appid).to.equal(mini)
      expect(timestamp)
        .to.be.a('number')
        .closeTo(sandbox.clock.now() / 1000, 5)
    })

    it('returns the same number for the same user', async () => {
      const numbers = [await ask({ code: code() }), await ask({ code: code() })].map(
        (json) => (json['phone_info'] as Json)['phoneNumber'],
      )
      expect(numbers[0]).to.equal(numbers[1])
    })

    it('returns a foreign number with its country code', async () => {
      const json = await ask({ code: code({ phoneNumber: '2025550123', countryCode: '1' }) })
      expect(json['phone_info']).to.include({
        phoneNumber: '+12025550123',
        purePhoneNumber: '2025550123',
        countryCode: '1',
      })
    })

    it('has the older form of the request id, if configured', async () => {
      sandbox.configure({ errmsgStyle: 'hints' })
      expect((await ask({ code: 'x' }))['errmsg']).to.match(/^invalid code hint: \[[\w-]+\]$/)
      sandbox.configure({ errmsgStyle: 'bare' })
      expect(await ask({ code: 'x' })).to.deep.equal({ errcode: 40029, errmsg: 'invalid code' })
    })

    it('returns countryCode as a number, if configured', async () => {
      sandbox.configure({ numericCountryCode: true })
      expect((await ask({ code: code() }))['phone_info']).to.include({ countryCode: 86 })
    })

    it('accepts a code once within five minutes: 40029', async () => {
      const [used, late] = [code(), code()]
      expect((await ask({ code: used }))['errcode']).to.equal(0)
      expect(apiError(await ask({ code: used }))).to.deep.equal([40029, 'invalid code'])
      sandbox.clock.advance(5 * oneMinute)
      expect((await ask({ code: late }))['errcode']).to.equal(40029)
    })

    it('refuses a code of wx.login, of another app, or in the query: 40029', async () => {
      expect((await ask({ code: sandbox.wxLogin({ appId: mini, user: 'alice' }) }))['errcode']).to.equal(
        40029,
      )
      expect((await ask({}, { code: code() }))['errcode']).to.equal(40029)
      const other = await startSandbox({
        apps: [1, 2].map((number) => ({
          appId: `wxsandboxmini0000${number}`,
          appSecret: 's',
          type: 'miniprogram' as const,
        })),
      })
      try {
        const [first, second] = other.apps
        const foreign = other.issuePhoneCode({ appId: second?.appId ?? '', user: 'alice' })
        expect(first?.appId).to.equal(appOf(other, 'miniprogram').appId)
        const { json } = await post(
          other,
          phonePath,
          { access_token: await appToken(other, 'miniprogram') },
          { code: foreign },
        )
        expect(json['errcode']).to.equal(40029)
      } finally {
        await other.close()
      }
    })

    it('forgets its codes at reset(): 40029', async () => {
      const phoneCode = code()
      sandbox.reset()
      expect((await ask({ code: phoneCode }))['errcode']).to.equal(40029)
    })

    it('checks the openid, if given, and leaves the code unused: 40003', async () => {
      const phoneCode = code()
      const bob = sandbox.idsOf({ appId: mini, user: 'bob' }).openid
      expect(apiError(await ask({ code: phoneCode, openid: bob }))).to.deep.equal([40003, 'invalid openid'])
      expect((await ask({ code: phoneCode, openid }))['errcode']).to.equal(0)
    })

    it('refuses a frozen user: 50002', async () => {
      sandbox.updateUser('alice', { state: 'frozen' })
      expect((await ask({ code: code() }))['errcode']).to.equal(50002)
    })

    it('requires POST (43002), JSON (44002, 47001) and a token (41001, 40001) of a mini-program (48001)', async () => {
      expect((await get(sandbox, phonePath)).json['errcode']).to.equal(43002)
      expect((await ask('', { access_token: '' }))['errcode']).to.equal(41001)
      expect((await ask('', { access_token: 'x' }))['errcode']).to.equal(40001)
      expect((await ask('', { access_token: await appToken(sandbox) }))['errcode']).to.equal(48001)
      expect((await ask(''))['errcode']).to.equal(44002)
      expect((await ask(`code=${code()}`))['errcode']).to.equal(47001)
    })
  })
})
