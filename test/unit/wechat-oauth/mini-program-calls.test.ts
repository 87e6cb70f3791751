import { createHmac } from 'node:crypto'
import {
  MemoryTokenStore,
  NoOAuthTokenError,
  WechatAPIError,
  WechatTransportError,
  type WechatOAuth,
} from '@wechat-auth/wechat-oauth'
import { expect } from 'chai'
import { json } from '../../helpers/loopback-server.js'
import { rejection } from '../../helpers/rejection.js'
import { appId, client, code, now, openid, sessionReply } from '../../helpers/wechat-replies.js'
import { paths, startAppLevelWechat, type AppLevelWechat } from './fixtures/app-level-wechat.js'

// The key and both results are those of WeChat's document and of its example.
const sessionKey = 'o0q0otL8aEzpcZL/FT9WsQ=='
const signature = '46e043c5525c2d817c44be603d30837a808a1d930d038f6fdc3e62a201fed128'
const signed = (): Record<string, string> => ({ openid, signature, sig_method: 'hmac_sha256' })

describe('calls about the user of a mini-program', () => {
  let wechat: AppLevelWechat
  let store: MemoryTokenStore
  let oauth: WechatOAuth
  beforeEach(async () => {
    wechat = await startAppLevelWechat()
    store = new MemoryTokenStore()
    await store.saveToken(openid, {
      openid,
      session_key: sessionKey,
      unionid: 'u',
      create_at: now,
      mine: 'kept',
    })
    oauth = client({ endpoints: wechat.server.url, now: () => wechat.now, tokenStore: store })
  })
  afterEach(async () => wechat.server.close())

  it('are signed with the text of the key, as in WeChat’s example', () => {
    expect(createHmac('sha256', sessionKey).update('{"foo":"bar"}').digest('hex')).to.equal(
      '654571f79995b2ce1e149e53c0a33dc39c0a74090db514261454e8dbe432aa0b',
    )
    expect(createHmac('sha256', sessionKey).digest('hex')).to.equal(signature)
  })

  it('refuse an openid that could be the key of a credential', async () => {
    for (const wrong of [`client:${appId}`, `ticket:jsapi:${appId}`, '', undefined]) {
      await rejection(oauth.checkSession(wrong as string), TypeError)
      await rejection(oauth.resetSession(wrong as string), TypeError)
    }
    for (const wrong of ['', undefined, 'a b', 'x'.repeat(513)])
      await rejection(oauth.getPhoneNumber(wrong as string), TypeError)
    expect(wechat.server.requests).to.have.lengthOf(0)
  })

  describe('checkSession', () => {
    it('is true if WeChat says so', async () => {
      expect(await oauth.checkSession(openid)).to.be.true
      expect(wechat.server.requests.at(-1)).to.deep.include({
        method: 'GET',
        path: paths.check,
        query: { access_token: wechat.token, ...signed() },
      })
    })

    it('is false if the key is stale, or none is saved', async () => {
      wechat.replies[paths.check] = json({ errcode: 87009, errmsg: 'invalid signature' })
      expect(await oauth.checkSession(openid)).to.be.false
      expect(await oauth.checkSession('oBBBBBBBBBBBBBBBBBBBBBBBBBBB')).to.be.false
    })

    for (const errcode of [40003, 45011, 48001, 87008]) {
      it(`rejects with ${errcode}, which says nothing about the key`, async () => {
        wechat.replies[paths.check] = json({ errcode, errmsg: `no ${sessionKey}` })
        const error = await rejection(oauth.checkSession(openid), WechatAPIError)
        expect(error).to.include({ errcode })
        expect(error.errmsg).to.equal('no ***')
      })
    }

    it('rejects a reply without an errcode', async () => {
      wechat.replies[paths.check] = json({})
      expect(await rejection(oauth.checkSession(openid), WechatTransportError)).to.include({
        code: 'ERR_WECHAT_RESPONSE',
      })
    })
  })

  describe('resetSession', () => {
    const fresh = 'bmV3LXNlc3Npb24ta2V5IQ=='
    beforeEach(() => {
      wechat.replies[paths.reset] = json({ errcode: 0, errmsg: 'ok', openid, session_key: fresh })
    })

    it('saves the new key into the record', async () => {
      wechat.advance(60)
      const record = { openid, session_key: fresh, unionid: 'u', create_at: now + 60_000, mine: 'kept' }
      expect(await oauth.resetSession(openid)).to.deep.equal(record)
      expect(await store.getToken(openid)).to.deep.equal(record)
      expect(wechat.server.requests.at(-1)?.query).to.deep.equal({ access_token: wechat.token, ...signed() })
    })

    it('replaces a time that a clock eight hours ahead wrote, and keeps one of two minutes', async () => {
      for (const [ahead, expected] of [
        [8 * 3_600_000, now],
        [120_000, now + 120_000],
      ] as const) {
        await store.saveToken(openid, { openid, session_key: sessionKey, create_at: now + ahead })
        expect(await oauth.resetSession(openid)).to.deep.equal({
          openid,
          session_key: fresh,
          create_at: expected,
        })
      }
    })

    it('keeps the key of a login that was saved meanwhile', async () => {
      const login = { openid, session_key: 'of the login', create_at: now + 1 }
      wechat.replies[paths.reset] = async (response, request) => {
        await store.saveToken(openid, login)
        json({ errcode: 0, openid, session_key: fresh })(response, request)
      }
      expect(await oauth.resetSession(openid)).to.deep.equal(login)
      expect(await store.getToken(openid)).to.deep.equal(login)
    })

    it('does not bring back a record that was deleted meanwhile', async () => {
      wechat.replies[paths.reset] = async (response, request) => {
        await store.deleteToken(openid)
        json({ errcode: 0, openid, session_key: fresh })(response, request)
      }
      await oauth.resetSession(openid)
      expect(await store.getToken(openid)).to.be.undefined
    })

    it('rejects with ERR_WECHAT_SESSION_KEY when the key is stale', async () => {
      wechat.replies[paths.reset] = json({
        errcode: 87009,
        errmsg: `no ${sessionKey} rid: 65a33cd8-11111111-22222222`,
      })
      const error = await rejection(oauth.resetSession(openid), WechatAPIError)
      const { name, code, status, errcode, errmsg, kind, endpoint, requestId } = error
      expect({ name, code, status, errcode, errmsg, kind, endpoint, requestId }).to.deep.equal({
        name: 'WechatAPIError',
        code: 'ERR_WECHAT_SESSION_KEY',
        status: 500,
        errcode: 87009,
        errmsg: 'no *** rid: 65a33cd8-11111111-22222222',
        kind: 'session',
        endpoint: paths.reset,
        requestId: '65a33cd8-11111111-22222222',
      })
      expect(await store.getToken(openid)).to.include({ session_key: sessionKey })
    })

    it('rejects with ERR_WECHAT_API for another reason', async () => {
      wechat.replies[paths.reset] = json({ errcode: 45011, errmsg: 'api minute-quota reach limit' })
      expect(await rejection(oauth.resetSession(openid), WechatAPIError)).to.include({
        code: 'ERR_WECHAT_API',
        errcode: 45011,
        status: 503,
      })
    })

    it('asks for a login if there is no key', async () => {
      await rejection(oauth.resetSession('oBBBBBBBBBBBBBBBBBBBBBBBBBBB'), NoOAuthTokenError)
      expect(wechat.server.requests).to.have.lengthOf(0)
    })

    it('refuses the key of another user, or none', async () => {
      for (const reply of [
        { openid: 'oBBBBBBBBBBBBBBBBBBBBBBBBBBB', session_key: fresh },
        { openid },
        { openid, session_key: 5 },
      ]) {
        wechat.replies[paths.reset] = json({ errcode: 0, ...reply })
        expect(await rejection(oauth.resetSession(openid), WechatTransportError)).to.include({
          code: 'ERR_WECHAT_RESPONSE',
        })
      }
      expect(await store.getToken(openid)).to.include({ session_key: sessionKey })
    })
  })

  describe('getPhoneNumber', () => {
    const info = {
      phoneNumber: '+15551234',
      purePhoneNumber: '5551234',
      countryCode: 1,
      watermark: { timestamp: 1637744274, appid: appId },
    }

    it('returns the country code as text, in whatever type it was sent', async () => {
      for (const countryCode of [1, '1']) {
        wechat.replies[paths.phone] = json({ errcode: 0, phone_info: { ...info, countryCode } })
        expect(await oauth.getPhoneNumber(code)).to.deep.equal({ ...info, countryCode: '1' })
      }
      expect(wechat.bodiesOf(paths.phone)).to.deep.equal([{ code }, { code }])
      expect(wechat.server.requests.at(-1)?.query).to.deep.equal({ access_token: wechat.token })
    })

    it('rejects a code that is bad, and does not repeat it', async () => {
      wechat.replies[paths.phone] = json({ errcode: 40029, errmsg: `invalid code ${code}` })
      const error = await rejection(oauth.getPhoneNumber(code), WechatAPIError)
      expect(error).to.include({ kind: 'code' })
      expect(error.message).to.not.contain(code)
      expect(wechat.count(paths.phone)).to.equal(1)
    })

    it('refuses a reply without a phone number, or for another app', async () => {
      for (const phoneInfo of [
        undefined,
        null,
        [],
        'x',
        {},
        { ...info, phoneNumber: 5 },
        { ...info, countryCode: {} },
        { ...info, watermark: { appid: 'wx1' } },
      ]) {
        wechat.replies[paths.phone] = json({ errcode: 0, phone_info: phoneInfo })
        expect(await rejection(oauth.getPhoneNumber(code), WechatTransportError)).to.include({
          code: 'ERR_WECHAT_RESPONSE',
        })
      }
    })
  })

  // Two logins at the same time have the same time.
  for (const tick of [0, 1]) {
    it(`two logins of one user ${tick} ms apart leave the newer key, whichever reply comes first`, async () => {
      for (const answeredFirst of [0, 1]) {
        const answers: ((key: string) => void)[] = []
        let time = now + answeredFirst
        const racing = client({
          tokenStore: store,
          now: () => (time += tick),
          fetch: async () =>
            new Promise((resolve) => {
              answers.push((key) => {
                resolve(Response.json(sessionReply({ session_key: key })))
              })
            }),
        })
        const logins = [racing.code2Session('older'), racing.code2Session('newer')]
        for (const index of [answeredFirst, 1 - answeredFirst]) {
          answers[index]?.(['the older key', 'the newer key'][index] ?? '')
          await logins[index]
        }
        expect(await store.getToken(openid), `answered first: ${answeredFirst}`).to.include({
          session_key: 'the newer key',
        })
      }
    })
  }
})
