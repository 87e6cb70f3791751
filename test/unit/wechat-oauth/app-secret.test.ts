import {
  encryptedTokenStore,
  MemoryTokenStore,
  WechatAPIError,
  type WechatOAuth,
  type WechatOAuthOptions,
  type WechatToken,
} from '@wechat-auth/wechat-oauth'
import { expect } from 'chai'
import { hang, json } from '../../helpers/loopback-server.js'
import { rejection } from '../../helpers/rejection.js'
import { appId, appSecret, client, now } from '../../helpers/wechat-replies.js'
import { paths, startAppLevelWechat, type AppLevelWechat } from './fixtures/app-level-wechat.js'

const page = 'https://example.com/page?a=1'
const scene = { action_name: 'QR_STR_SCENE', action_info: { scene: { scene_str: 'x' } } } as const
const tokenKey = `client:${appId}`
const ticketKey = `ticket:jsapi:${appId}`
const keys = [tokenKey, ticketKey]
const otherSecret = 'ffffffffffffffffffffffffffffffff'

const calls: Record<string, (oauth: WechatOAuth) => Promise<unknown>> = {
  getClientAccessToken: async (oauth) => oauth.getClientAccessToken(),
  'getClientAccessToken by force': async (oauth) => oauth.getClientAccessToken({ forceRefresh: true }),
  getJsApiTicket: async (oauth) => oauth.getJsApiTicket(),
  jsSDKSign: async (oauth) => oauth.jsSDKSign(page),
  getQRCodeTicket: async (oauth) => oauth.getQRCodeTicket(scene),
}

describe('app-level credentials in a store that tenants share', () => {
  let wechat: AppLevelWechat
  let store: MemoryTokenStore
  beforeEach(async () => {
    wechat = await startAppLevelWechat()
    wechat.replies[paths.qrCode] = json({ ticket: 'qr', url: 'http://weixin.qq.com/q/1' })
    store = new MemoryTokenStore()
  })
  afterEach(async () => wechat.server.close())

  const tenant = (secret = appSecret, options: Partial<WechatOAuthOptions> = {}): WechatOAuth =>
    client({
      endpoints: wechat.server.url,
      now: () => wechat.now,
      appSecret: secret,
      ...('getToken' in options ? {} : { tokenStore: store }),
      ...options,
    })
  const records = async (): Promise<(WechatToken | undefined)[]> =>
    Promise.all(keys.map(async (key) => store.getToken(key)))
  const unbound = (key: string, access_token: string): WechatToken => ({
    openid: key,
    access_token,
    expires_in: 7200,
    create_at: now,
  })

  for (const clientCredential of ['stable', 'classic'] as const) {
    for (const [method, call] of Object.entries(calls)) {
      it(`are not given to the wrong secret by ${method} (${clientCredential}), and stay for the right one`, async () => {
        await tenant(appSecret, { clientCredential }).jsSDKSign(page)
        const before = await records()
        const requests = wechat.server.requests.length
        const error = await rejection(call(tenant(otherSecret, { clientCredential })), WechatAPIError)
        expect(error).to.include({ errcode: 40125, endpoint: paths[clientCredential] })
        expect(wechat.server.requests).to.have.lengthOf(requests + 1)
        expect(await records()).to.deep.equal(before)
        await tenant(appSecret, { clientCredential }).jsSDKSign(page)
        expect(wechat.server.requests).to.have.lengthOf(requests + 1)
      })
    }
  }

  it('are replaced when WeChat gives new ones to a new secret', async () => {
    await tenant().jsSDKSign(page)
    const before = await records()
    wechat.appSecret = otherSecret
    await tenant(otherSecret).getQRCodeTicket(scene)
    await tenant(otherSecret).jsSDKSign(page)
    await tenant(otherSecret).jsSDKSign(page)
    expect(wechat.server.paths.slice(2)).to.deep.equal([paths.stable, paths.qrCode, paths.ticket])
    const after = await records()
    for (const [index, record] of after.entries()) {
      expect(record?.scope).to.be.a('string').and.not.equal(before[index]?.scope)
    }
    expect(await rejection(tenant().getJsApiTicket(), WechatAPIError)).to.include({ errcode: 40125 })
    expect(await records()).to.deep.equal(after)
  })

  it('of a process with the old secret are used as long as they are valid', async () => {
    const old = tenant()
    const { access_token: token } = await old.getClientAccessToken()
    const { ticket } = await old.getJsApiTicket()
    wechat.appSecret = otherSecret
    await tenant(otherSecret).jsSDKSign(page)
    const after = await records()
    wechat.advance(60)
    expect(await old.getClientAccessToken()).to.include({ access_token: token })
    expect(await old.getJsApiTicket()).to.include({ ticket })
    wechat.advance(7200)
    expect(await rejection(old.getJsApiTicket(), WechatAPIError)).to.include({ errcode: 40125 })
    expect(await records()).to.deep.equal(after)
  })

  it('are not deleted by the wrong secret when WeChat refuses them', async () => {
    await tenant().getClientAccessToken()
    const [bound] = await records()
    await store.saveToken(tokenKey, unbound(tokenKey, wechat.token))
    const other = tenant(otherSecret)
    await other.getClientAccessToken()
    await store.saveToken(tokenKey, bound!)
    wechat.killToken()
    expect(await rejection(other.getQRCodeTicket(scene), WechatAPIError)).to.include({ errcode: 40125 })
    expect(await records()).to.deep.equal([bound, undefined])
  })

  it('without a fingerprint are valid until they expire; the next ones have one', async () => {
    await store.saveToken(tokenKey, unbound(tokenKey, 'old token'))
    await store.saveToken(ticketKey, unbound(ticketKey, 'old ticket'))
    const times = { expires_in: 7200, create_at: now }
    expect(await tenant().getClientAccessToken()).to.deep.equal({ access_token: 'old token', ...times })
    expect(await tenant().getJsApiTicket()).to.deep.equal({ ticket: 'old ticket', ...times })
    expect(wechat.server.requests).to.have.lengthOf(0)
    wechat.advance(7200)
    await tenant().getJsApiTicket()
    expect(wechat.server.requests).to.have.lengthOf(2)
    await rejection(tenant(otherSecret).getJsApiTicket(), WechatAPIError)
  })

  it('without a fingerprint are kept by the wrong secret only until the right one has renewed them', async () => {
    await store.saveToken(tokenKey, unbound(tokenKey, 'old token'))
    const other = tenant(otherSecret)
    expect(await other.getClientAccessToken()).to.include({ access_token: 'old token' })
    await tenant().getClientAccessToken({ forceRefresh: true })
    wechat.advance(11)
    expect(await rejection(other.getClientAccessToken(), WechatAPIError)).to.include({ errcode: 40125 })
  })

  it('without a fingerprint do not let the wrong secret replace a ticket', async () => {
    await tenant().getJsApiTicket()
    await store.saveToken(tokenKey, unbound(tokenKey, wechat.token))
    const before = await records()
    await tenant(otherSecret).getJsApiTicket()
    expect(await records()).to.deep.equal(before)
    await store.deleteToken(ticketKey)
    await tenant(otherSecret).getJsApiTicket()
    expect((await records())[1]).to.not.have.property('scope')
  })

  it('keep their fingerprint in tables with columns for users only', async () => {
    const table = new Map<string, Partial<WechatToken>>()
    const columns = ['openid', 'access_token', 'expires_in', 'refresh_token', 'scope', 'create_at']
    const pair = {
      shareCredentials: true,
      getToken: async (key: string) => table.get(key),
      saveToken: async (key: string, token: WechatToken) => {
        const textOf = (column: string): string =>
          String((token[column] as string | number | undefined) ?? '')
        table.set(key, Object.fromEntries(columns.map((column) => [column, textOf(column)])))
      },
    } as Partial<WechatOAuthOptions>
    await tenant(appSecret, pair).jsSDKSign(page)
    for (const call of Object.values(calls)) await rejection(call(tenant(otherSecret, pair)), WechatAPIError)
    const requests = wechat.server.requests.length
    await tenant(appSecret, pair).jsSDKSign(page)
    expect(wechat.server.requests).to.have.lengthOf(requests)
    // The column of the older packages' tables holds no more.
    for (const { scope } of table.values()) expect(scope).to.have.lengthOf.within(1, 50)
  })

  it('keep their fingerprint in an encryptedTokenStore', async () => {
    const encryption = { keys: [{ id: 'k1', key: new Uint8Array(32) }] }
    const encrypted = { tokenStore: encryptedTokenStore(store, encryption) }
    await tenant(appSecret, encrypted).jsSDKSign(page)
    for (const call of Object.values(calls))
      await rejection(call(tenant(otherSecret, encrypted)), WechatAPIError)
    const requests = wechat.server.requests.length
    await tenant(appSecret, encrypted).jsSDKSign(page)
    expect(wechat.server.requests).to.have.lengthOf(requests)
  })

  it('have a fingerprint that depends only on the secret and the record', async () => {
    await tenant().jsSDKSign(page)
    const first = await records()
    store = new MemoryTokenStore()
    await tenant().jsSDKSign(page)
    const second = await records()
    expect(first.map((record) => record?.scope)).to.deep.equal(second.map((record) => record?.scope))
    expect(first[0]?.scope).to.not.equal(first[1]?.scope)
    expect(JSON.stringify(first)).to.not.contain(appSecret)
  })

  it('wait for a lock that the wrong secret holds no longer than its call may take', async () => {
    const right = json({ access_token: 'right', expires_in: 7200 })
    const asked = new Promise<void>((resolve) => {
      wechat.down = async (response, request) => {
        resolve()
        const { secret } = wechat.bodies.at(-1)?.body as { secret?: string }
        return (secret === otherSecret ? hang : right)(response, request)
      }
    })
    const wrong = rejection(tenant(otherSecret, { timeout: 500 }).getClientAccessToken())
    await Promise.race([asked, wrong])
    expect(await tenant().getClientAccessToken()).to.include({ access_token: 'right' })
    expect(await wrong).to.include({ code: 'ERR_WECHAT_TIMEOUT' })
    expect(await store.getToken(tokenKey)).to.include({ access_token: 'right' })
  })
})
