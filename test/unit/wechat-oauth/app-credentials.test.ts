import { createHash } from 'node:crypto'
import {
  encryptedTokenStore,
  MemoryTokenStore,
  StoreError,
  WechatAPIError,
  WechatDecryptError,
  WechatTransportError,
  type WechatOAuth,
  type WechatOAuthOptions,
  type WechatToken,
} from '@wechat-auth/wechat-oauth'
import { expect } from 'chai'
import sinon from 'sinon'
import { json, status } from '../../helpers/loopback-server.js'
import { rejection } from '../../helpers/rejection.js'
import { appId, appSecret, client, now } from '../../helpers/wechat-replies.js'
import { paths, startAppLevelWechat, type AppLevelWechat } from './fixtures/app-level-wechat.js'

const page = 'https://example.com/page?a=1'
const tokenKey = `client:${appId}`
const ticketKey = `ticket:jsapi:${appId}`
const hundred = Array.from({ length: 100 })

/** Resolves when background tasks have had a turn. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 10_000
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error('it did not come to that')
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}

describe('app-level credentials', () => {
  let wechat: AppLevelWechat
  let store: MemoryTokenStore
  beforeEach(async () => {
    wechat = await startAppLevelWechat()
    store = new MemoryTokenStore()
  })
  afterEach(async () => wechat.server.close())

  const oauthWith = (options: Partial<WechatOAuthOptions> = {}): WechatOAuth =>
    client({
      endpoints: wechat.server.url,
      now: () => wechat.now,
      ...('getToken' in options ? {} : { tokenStore: store }),
      ...options,
    })
  const signatureBy = (
    ticket: string | undefined,
    { nonceStr, timestamp, url }: { nonceStr: string; timestamp: number; url: string },
  ): string =>
    createHash('sha1')
      .update(`jsapi_ticket=${ticket}&noncestr=${nonceStr}&timestamp=${timestamp}&url=${url}`)
      .digest('hex')

  describe('are obtained', () => {
    it('from stable_token, by a POST of JSON without a query', async () => {
      expect(await oauthWith().getClientAccessToken()).to.deep.equal({
        access_token: wechat.token,
        expires_in: 7200,
        create_at: now,
      })
      expect(wechat.server.requests[0]).to.include({ method: 'POST', path: paths.stable, rawQuery: '' })
      expect(wechat.bodies).to.deep.equal([
        {
          path: paths.stable,
          type: 'application/json',
          body: { grant_type: 'client_credential', appid: appId, secret: appSecret, force_refresh: false },
        },
      ])
    })

    it("from /cgi-bin/token with clientCredential 'classic'", async () => {
      await oauthWith({ clientCredential: 'classic' }).getClientAccessToken()
      expect(
        wechat.server.requests.map(({ method, path, query }) => ({ method, path, query })),
      ).to.deep.equal([
        {
          method: 'GET',
          path: paths.classic,
          query: { grant_type: 'client_credential', appid: appId, secret: appSecret },
        },
      ])
    })

    it('as tickets of either type with the app’s token', async () => {
      const oauth = oauthWith()
      expect(await oauth.getJsApiTicket()).to.deep.equal({
        ticket: 'ticket-1-of_the-app',
        expires_in: 7200,
        create_at: now,
      })
      expect(await oauth.getJsApiTicket('wx_card')).to.include({ ticket: 'ticket-2-of_the-app' })
      expect(wechat.server.requests.slice(1).map(({ query }) => query)).to.deep.equal([
        { access_token: wechat.token, type: 'jsapi' },
        { access_token: wechat.token, type: 'wx_card' },
      ])
      expect(wechat.count(paths.stable)).to.equal(1)
    })

    it('by force if the caller asks for that, with one call for all callers', async () => {
      const oauth = oauthWith()
      const { access_token: first } = await oauth.getClientAccessToken()
      const forced = await Promise.all(
        hundred.map(async () => oauth.getClientAccessToken({ forceRefresh: true })),
      )
      expect(new Set(forced.map(({ access_token: token }) => token)))
        .to.deep.equal(new Set([wechat.token]))
        .and.not.include(first)
      expect(
        wechat.bodiesOf(paths.stable).map((body) => (body as { force_refresh: boolean }).force_refresh),
      ).to.deep.equal([false, true])
      expect(await oauth.getClientAccessToken()).to.include({ access_token: wechat.token })
    })

    it('never from a reply with wrong fields', async () => {
      const wrong = [
        {},
        { access_token: 'a' },
        { access_token: '', expires_in: 7200 },
        { access_token: 5, expires_in: 7200 },
        { access_token: 'a', expires_in: 0 },
        { access_token: 'a', expires_in: 'x' },
      ]
      for (const reply of wrong) {
        wechat.down = json(reply)
        expect(
          await rejection(oauthWith().getClientAccessToken(), WechatTransportError),
          JSON.stringify(reply),
        ).to.include({ code: 'ERR_WECHAT_RESPONSE' })
      }
      expect(await store.getToken(tokenKey)).to.be.undefined
    })
  })

  describe('are kept', () => {
    it('in the token store, under names that no openid can have', async () => {
      await oauthWith().getJsApiTicket()
      const saved = { [tokenKey]: wechat.token, [ticketKey]: 'ticket-1-of_the-app' }
      for (const [key, access_token] of Object.entries(saved)) {
        const { scope, ...record } = (await store.getToken(key))!
        expect(record).to.deep.equal({ openid: key, access_token, expires_in: 7200, create_at: now })
        expect(scope).to.match(/^hmac:[\w-]{43}$/)
      }
      expect(store.size).to.equal(2)
    })

    it('for other processes, which read them from the store', async () => {
      await oauthWith().jsSDKSign(page)
      await oauthWith().jsSDKSign(page)
      expect(wechat.server.paths).to.deep.equal([paths.stable, paths.ticket])
    })

    it('in memory for a while, so that not every call reads the store', async () => {
      let visits = 0
      const getToken = store.getToken.bind(store)
      store.getToken = async (key) => {
        visits += 1
        return getToken(key)
      }
      const oauth = oauthWith()
      await oauth.getClientAccessToken()
      visits = 0
      await Promise.all(hundred.map(async () => oauth.getClientAccessToken()))
      expect(visits).to.equal(0)
      wechat.advance(11)
      await Promise.all(hundred.map(async () => oauth.getClientAccessToken()))
      expect(visits).to.equal(1)
    })

    it('only in memory with a pair of functions', async () => {
      const visited: string[] = []
      const oauth = oauthWith({
        getToken: async (key: string) => {
          visited.push(key)
          return null
        },
        saveToken: async (key: string) => {
          visited.push(key)
        },
      })
      await oauth.jsSDKSign(page)
      wechat.advance(60)
      await oauth.jsSDKSign(page)
      expect(visited).to.deep.equal([])
      expect(wechat.server.requests).to.have.lengthOf(2)
    })

    it('by the functions with shareCredentials', async () => {
      const table = new Map<string, WechatToken>()
      const options = {
        shareCredentials: true,
        getToken: async (key: string) => table.get(key),
        saveToken: async (key: string, token: WechatToken) => {
          table.set(key, token)
        },
      }
      await oauthWith(options).jsSDKSign(page)
      await oauthWith(options).jsSDKSign(page)
      expect([...table.keys()]).to.have.members([tokenKey, ticketKey])
      expect(wechat.server.requests).to.have.lengthOf(2)
    })

    it('encrypted by encryptedTokenStore', async () => {
      const key = { id: 'k1', key: new Uint8Array(32) }
      await oauthWith({ tokenStore: encryptedTokenStore(store, { keys: [key] }) }).jsSDKSign(page)
      for (const name of [tokenKey, ticketKey])
        expect((await store.getToken(name))?.access_token).to.match(/^enc:v1:k1:/)
      await oauthWith({ tokenStore: encryptedTokenStore(store, { keys: [key] }) }).jsSDKSign(page)
      expect(wechat.server.requests).to.have.lengthOf(2)
    })

    it('and can be read if their numbers come back as text', async () => {
      await store.saveToken(tokenKey, {
        openid: tokenKey,
        access_token: 'stored',
        expires_in: '7200',
        create_at: String(now),
      } as unknown as WechatToken)
      expect(await oauthWith().getClientAccessToken()).to.deep.equal({
        access_token: 'stored',
        expires_in: 7200,
        create_at: now,
      })
    })

    it('and are not trusted if the clock that wrote them was far ahead', async () => {
      await store.saveToken(ticketKey, {
        openid: ticketKey,
        access_token: 'of the future',
        expires_in: 7200,
        create_at: now + 3_600_000,
      })
      expect(await oauthWith().getJsApiTicket()).to.include({ ticket: 'ticket-1-of_the-app' })
      expect(await store.getToken(ticketKey)).to.include({ access_token: 'ticket-1-of_the-app' })
    })
  })

  describe('are fetched once', () => {
    it('for 100 cold signatures at the same time', async () => {
      const oauth = oauthWith()
      const signed = await Promise.all(hundred.map(async () => oauth.jsSDKSign(page)))
      expect(wechat.server.paths).to.deep.equal([paths.stable, paths.ticket])
      expect(new Set(signed.map(({ nonceStr }) => nonceStr)).size).to.equal(100)
      for (const each of signed) expect(each.signature).to.equal(signatureBy('ticket-1-of_the-app', each))
    })

    it('for four processes on one store with locks', async () => {
      const processes = Array.from({ length: 4 }, () => oauthWith())
      await Promise.all(
        processes.flatMap((oauth) => Array.from({ length: 25 }, async () => oauth.jsSDKSign(page))),
      )
      expect(wechat.server.paths).to.deep.equal([paths.stable, paths.ticket])
    })

    it('once per process if the store has no locks, with one warning', async () => {
      const table = new Map<string, WechatToken>()
      const lockless = {
        getToken: async (key: string) => table.get(key),
        saveToken: async (key: string, token: WechatToken) => {
          table.set(key, token)
        },
      }
      const warnings: string[] = []
      const oauth = oauthWith({
        tokenStore: lockless,
        logger: {
          debug: () => {},
          warn: (message) => {
            warnings.push(message)
          },
        },
      })
      await Promise.all(hundred.map(async () => oauth.jsSDKSign(page)))
      expect(wechat.server.paths).to.deep.equal([paths.stable, paths.ticket])
      expect(warnings.filter((warning) => warning.includes('lock'))).to.have.lengthOf(1)
    })

    it('under locks that have their names', async () => {
      const names: string[] = []
      const withLock = store.withLock.bind(store)
      store.withLock = async (key, task, options) => {
        names.push(key)
        expect(options).to.deep.equal({ ttl: 10_000, wait: 15_000 })
        return withLock(key, task, options)
      }
      await oauthWith().jsSDKSign(page)
      expect(names).to.deep.equal([ticketKey, tokenKey])
    })
  })

  describe('near their end', () => {
    const margins: [lifetime: number, margin: number][] = [
      [7200, 240],
      [600, 60],
    ]
    for (const [lifetime, margin] of margins) {
      it(`of ${lifetime} s are renewed ${margin} s ahead, and not before`, async () => {
        const old = { openid: tokenKey, access_token: 'old', expires_in: lifetime, create_at: now }
        await store.saveToken(tokenKey, old)
        const oauth = oauthWith()
        wechat.advance(lifetime - margin - 1)
        await oauth.getClientAccessToken()
        await new Promise((resolve) => {
          setImmediate(resolve)
        })
        expect(wechat.server.requests).to.have.lengthOf(0)
        wechat.advance(1)
        expect(await oauth.getClientAccessToken()).to.include({ access_token: 'old' })
        await until(
          async () => (await store.getToken(tokenKey))?.access_token === wechat.token && wechat.token !== '',
        )
        expect(await oauth.getClientAccessToken()).to.include({ access_token: wechat.token })
        expect(wechat.server.requests).to.have.lengthOf(1)
      })
    }

    it('do not make callers wait', async () => {
      const oauth = oauthWith()
      const { access_token: old } = await oauth.getClientAccessToken()
      wechat.advance(7200 - 100)
      wechat.down = () => {}
      const all = await Promise.all(hundred.map(async () => oauth.getClientAccessToken()))
      expect(all.every(({ access_token: token }) => token === old)).to.be.true
      expect(wechat.count(paths.stable)).to.be.at.most(2)
    })

    it('are renewed once for two processes', async () => {
      const one = oauthWith()
      const two = oauthWith()
      await one.getClientAccessToken()
      await two.getClientAccessToken()
      wechat.advance(7200 - 100)
      await Promise.all([one, two].map(async (oauth) => oauth.getClientAccessToken()))
      await until(async () => (await store.getToken(tokenKey))?.create_at === wechat.now)
      wechat.advance(11)
      await Promise.all([one, two].map(async (oauth) => oauth.getClientAccessToken()))
      expect(wechat.count(paths.stable)).to.equal(2)
    })

    it('are used while WeChat is down, without an error for any caller', async () => {
      const warnings: unknown[] = []
      const oauth = oauthWith({
        logger: {
          debug: () => {},
          warn: (message, details) => {
            warnings.push([message, details])
          },
        },
      })
      await oauth.jsSDKSign(page)
      wechat.advance(7200 - 200)
      wechat.down = status(503)
      const requests = wechat.server.requests.length
      for (let second = 0; second < 190; second += 1) {
        const signed = await oauth.jsSDKSign(page)
        expect(signed.signature).to.equal(signatureBy('ticket-1-of_the-app', signed))
        wechat.advance(1)
      }
      await until(() => warnings.some((warning) => JSON.stringify(warning).includes(ticketKey)))
      // Not one call for each caller.
      expect(wechat.server.requests.length - requests).to.be.within(1, (2 * 190) / 5)
      wechat.down = undefined
      await until(async () => {
        await oauth.jsSDKSign(page)
        wechat.advance(0.1)
        return wechat.tickets.length === 2
      })
    })

    it('are not used after it: callers get a typed error while WeChat is down, and new ones after that', async () => {
      const oauth = oauthWith()
      await oauth.jsSDKSign(page)
      wechat.advance(7200)
      wechat.down = status(503)
      const failures = await Promise.all(
        hundred.map(async () => rejection(oauth.jsSDKSign(page), WechatTransportError)),
      )
      expect(failures[0]).to.include({ code: 'ERR_WECHAT_STATUS', status: 502 })
      wechat.down = undefined
      const signed = await oauth.jsSDKSign(page)
      expect(signed.signature).to.equal(signatureBy('ticket-2-of_the-app', signed))
    })
  })

  describe('that WeChat refuses', () => {
    const call = async (oauth: WechatOAuth): Promise<unknown> =>
      oauth.getQRCodeTicket({ action_name: 'QR_STR_SCENE', action_info: { scene: { scene_str: 'x' } } })
    beforeEach(() => {
      wechat.replies[paths.qrCode] = json({ ticket: 'qr', url: 'http://weixin.qq.com/q/1' })
    })

    for (const errcode of [40001, 40014, 42001]) {
      it(`with ${errcode} are replaced, and the call is made again`, async () => {
        const oauth = oauthWith()
        await call(oauth)
        wechat.killToken(errcode)
        expect(await call(oauth)).to.include({ ticket: 'qr' })
        expect(wechat.count(paths.stable)).to.equal(2)
        expect(await store.getToken(tokenKey)).to.include({ access_token: wechat.token })
      })
    }

    it('are kept with any other errcode', async () => {
      wechat.replies[paths.qrCode] = json({ errcode: 40003, errmsg: 'invalid openid' })
      expect(await rejection(call(oauthWith()), WechatAPIError)).to.include({ errcode: 40003 })
      expect(wechat.server.paths).to.deep.equal([paths.stable, paths.qrCode])
    })

    it('are not tried a third time', async () => {
      wechat.replies[paths.qrCode] = json({ errcode: 40001, errmsg: 'invalid credential' })
      expect(await rejection(call(oauthWith()), WechatAPIError)).to.include({ errcode: 40001, kind: 'token' })
      expect(wechat.count(paths.qrCode)).to.equal(2)
    })

    it('during 200 calls are replaced once, and every call succeeds', async () => {
      const oauth = oauthWith()
      await call(oauth)
      wechat.killToken()
      const answers = await Promise.all(Array.from({ length: 200 }, async () => call(oauth)))
      expect(answers).to.have.lengthOf(200)
      expect(wechat.count(paths.stable)).to.equal(2)
      expect(wechat.count(paths.qrCode)).to.equal(401)
    })

    it('but returns again are replaced by force, once for 200 calls', async () => {
      wechat.isStubborn = true
      const oauth = oauthWith()
      await call(oauth)
      wechat.killToken()
      await Promise.all(Array.from({ length: 200 }, async () => call(oauth)))
      expect(
        wechat.bodiesOf(paths.stable).map((body) => (body as { force_refresh: boolean }).force_refresh),
      ).to.deep.equal([false, false, true])
    })

    it('but returns again are replaced by force, once for two processes', async () => {
      wechat.isStubborn = true
      const processes = [oauthWith(), oauthWith()]
      await Promise.all(processes.map(call))
      wechat.killToken()
      await Promise.all(processes.flatMap((oauth) => Array.from({ length: 20 }, async () => call(oauth))))
      expect(
        wechat.bodiesOf(paths.stable).filter((body) => (body as { force_refresh: boolean }).force_refresh),
      ).to.have.lengthOf(1)
    })

    it('are forced at most every 30 seconds', async () => {
      wechat.isStubborn = true
      const oauth = oauthWith()
      const forced = (): number =>
        wechat.bodiesOf(paths.stable).filter((body) => (body as { force_refresh: boolean }).force_refresh)
          .length
      await call(oauth)
      wechat.killToken()
      await call(oauth)
      wechat.killToken()
      wechat.advance(29)
      expect(await rejection(call(oauth), WechatAPIError)).to.include({ errcode: 40001 })
      expect(forced()).to.equal(1)
      wechat.advance(1)
      await call(oauth)
      expect(forced()).to.equal(2)
    })

    it('are read from the store again, because another process may have renewed them', async () => {
      const oauth = oauthWith()
      await call(oauth)
      wechat.killToken()
      const elsewhere = await oauthWith().getClientAccessToken({ forceRefresh: true })
      const before = wechat.count(paths.stable)
      await call(oauth)
      expect(wechat.count(paths.stable)).to.equal(before)
      expect(await store.getToken(tokenKey)).to.include({ access_token: elsewhere.access_token })
    })

    it('are deleted from the store, even if there is no new one', async () => {
      const oauth = oauthWith()
      await call(oauth)
      wechat.killToken()
      const down = status(503)
      wechat.down = async (response, request) =>
        (request.path === paths.stable ? down : json({ errcode: 40001 }))(response, request)
      await rejection(call(oauth), WechatTransportError)
      expect(await store.getToken(tokenKey)).to.be.undefined
    })

    it('are replaced in a store that cannot delete', async () => {
      const table = new Map<string, WechatToken>()
      const lasting = {
        getToken: async (key: string) => table.get(key),
        saveToken: async (key: string, token: WechatToken) => {
          table.set(key, token)
        },
      }
      const oauth = oauthWith({ tokenStore: lasting })
      await call(oauth)
      const refused = wechat.token
      wechat.killToken()
      wechat.down = async (response, request) =>
        (request.path === paths.stable ? status(503) : json({ errcode: 40001 }))(response, request)
      await rejection(call(oauth), WechatTransportError)
      expect(table.get(tokenKey)?.access_token).to.not.equal(refused)
      wechat.down = undefined
      expect(await call(oauthWith({ tokenStore: lasting }))).to.include({ ticket: 'qr' })
    })

    it('make the call for a ticket be repeated', async () => {
      const oauth = oauthWith()
      await oauth.getClientAccessToken()
      wechat.killToken()
      await oauth.jsSDKSign(page)
      expect(wechat.server.paths).to.deep.equal([paths.stable, paths.ticket, paths.stable, paths.ticket])
    })

    it('because the secret is wrong are not requested again', async () => {
      wechat.down = json({ errcode: 40001, errmsg: 'invalid credential' })
      expect(await rejection(call(oauthWith()), WechatAPIError)).to.include({ endpoint: paths.stable })
      expect(wechat.server.requests).to.have.lengthOf(1)
    })
  })

  describe('in a record that cannot be used', () => {
    const corrupt = async (): Promise<never> =>
      Promise.reject(new StoreError('Not a record.', { reason: 'record' }))
    const unusable: Record<string, () => Promise<WechatToken>> = {
      'that is not a record': async () => Promise.resolve('text' as unknown as WechatToken),
      'that a store calls corrupt': corrupt,
      'whose key is lost': async () => Promise.reject(new WechatDecryptError('It does not open.', 'stored')),
    }
    for (const [what, answer] of Object.entries(unusable)) {
      it(`${what} are obtained again, which replaces it, with one warning`, async () => {
        const getToken = sinon.stub(store, 'getToken').callsFake(answer)
        sinon.stub(store, 'saveToken').callsFake(async (key, token) => {
          getToken.restore()
          await MemoryTokenStore.prototype.saveToken.call(store, key, token)
        })
        const warn = sinon.stub()
        const oauth = oauthWith({ logger: { debug: () => {}, warn } })
        expect(await oauth.getClientAccessToken()).to.include({ access_token: wechat.token })
        expect(await store.getToken(tokenKey)).to.include({ access_token: wechat.token })
        expect(await oauthWith().getClientAccessToken()).to.include({ access_token: wechat.token })
        expect(wechat.count(paths.stable)).to.equal(1)
        sinon.assert.calledOnceWithMatch(warn, /unusable record/, { credential: tokenKey })
      })
    }

    it('are used from memory while they are valid', async () => {
      const oauth = oauthWith()
      await oauth.getClientAccessToken()
      store.getToken = corrupt
      wechat.down = status(500, 'down')
      wechat.advance(3600)
      expect(await oauth.getClientAccessToken()).to.include({ access_token: wechat.token })
    })

    it('are renewed if a caller asks for that', async () => {
      const oauth = oauthWith()
      const { access_token: old } = await oauth.getClientAccessToken()
      store.getToken = corrupt
      const { access_token: renewed } = await oauth.getClientAccessToken({ forceRefresh: true })
      expect(renewed).to.equal(wechat.token).and.not.equal(old)
    })
  })

  describe('in a store that fails', () => {
    const broken = async (): Promise<never> => Promise.reject(new Error('connection lost to 10.0.0.1'))

    it('are not requested from WeChat', async () => {
      store.getToken = broken
      await rejection(oauthWith().getClientAccessToken(), StoreError)
      expect(wechat.server.requests).to.have.lengthOf(0)
    })

    it('are used from memory while they are valid', async () => {
      const oauth = oauthWith()
      await oauth.getClientAccessToken()
      store.getToken = broken
      wechat.advance(3600)
      expect(await oauth.getClientAccessToken()).to.include({ access_token: wechat.token })
      wechat.advance(3600)
      await rejection(oauth.getClientAccessToken(), StoreError)
    })

    it('to save make the call fail, and are not requested from WeChat at every call', async () => {
      store.saveToken = broken
      const oauth = oauthWith()
      await rejection(oauth.getClientAccessToken(), StoreError)
      await oauth.getClientAccessToken()
      expect(wechat.count(paths.stable)).to.equal(1)
    })
  })
})
