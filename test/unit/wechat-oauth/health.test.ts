import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { MemoryTokenStore, type TokenStore, type WechatOAuthOptions } from '@wechat-auth/wechat-oauth'
import { expect } from 'chai'
import { FakeWechat } from '../../helpers/fake-wechat.js'
import { inTime } from '../../helpers/pace.js'
import { appId, client, now } from '../../helpers/wechat-replies.js'

const key = `client:${appId}`

describe('health', () => {
  let wechat: FakeWechat
  let time: number
  let warnings: [message: string, details: object | undefined][]
  beforeEach(() => {
    wechat = new FakeWechat()
    wechat.replies['/cgi-bin/stable_token'] = { access_token: 'the-client-token', expires_in: 7200 }
    time = now
    warnings = []
  })

  const healthy = (options: Partial<WechatOAuthOptions> = {}): ReturnType<typeof client> =>
    client({
      fetch: wechat.fetch,
      now: () => time,
      timeout: 50,
      logger: { debug() {}, warn: (message, details) => void warnings.push([message, details]) },
      ...options,
    })

  it('is good without an access token, and asks WeChat nothing', async () => {
    expect(await healthy().health()).to.deep.equal({ store: 'ok', credential: 'none' })
    expect(wechat.paths).to.deep.equal([])
    expect(warnings).to.deep.equal([])
  })

  it('sees the access token that another process saved, until it is about to expire', async () => {
    const tokenStore = new MemoryTokenStore()
    await healthy({ tokenStore }).getClientAccessToken()
    const calls = wechat.paths.length
    const oauth = healthy({ tokenStore })
    const credentialAfter = async (minutes: number): Promise<string> => {
      time = now + minutes * 60_000
      return (await oauth.health()).credential
    }
    expect(await credentialAfter(115)).to.equal('ok')
    expect(await credentialAfter(117)).to.equal('expiring')
    expect(await credentialAfter(121)).to.equal('expiring')
    expect(wechat.paths).to.have.length(calls)
  })

  it('does not see the access token of another app secret', async () => {
    const tokenStore = new MemoryTokenStore()
    await healthy({ tokenStore, appSecret: 'another secret' }).getClientAccessToken()
    expect(await healthy({ tokenStore }).health()).to.deep.equal({ store: 'ok', credential: 'none' })
  })

  it('reads with a key that functions for users understand, and finds the access token in memory', async () => {
    const keys: string[] = []
    const oauth = healthy({
      getToken: async (openid) => {
        keys.push(openid)
        return Promise.resolve(null)
      },
      saveToken: async () => {},
    })
    await oauth.getClientAccessToken()
    expect(await oauth.health()).to.deep.equal({ store: 'ok', credential: 'ok' })
    expect(keys).to.have.length(1)
    expect(keys[0]).to.match(/^[\w-]{1,128}$/)
  })

  it('names its read on the diagnostics channel', async () => {
    const records: unknown[] = []
    const keep = (message: unknown): void => void records.push((message as { record: string }).record)
    subscribe('tracing:wechat-auth:store:start', keep)
    try {
      await healthy().health()
    } finally {
      unsubscribe('tracing:wechat-auth:store:start', keep)
    }
    expect(records).to.deep.equal(['health', 'client'])
  })

  const failures: Record<string, [getToken: () => unknown, details: object]> = {
    rejects: [
      async () => Promise.reject(Object.assign(new Error('SECRET'), { code: 'ECONNREFUSED' })),
      { code: 'ERR_WECHAT_STORE' },
    ],
    throws: [
      () => {
        throw new Error('SECRET')
      },
      { code: 'ERR_WECHAT_STORE' },
    ],
    'throws nothing': [
      () => {
        throw undefined
      },
      { code: 'ERR_WECHAT_STORE' },
    ],
    hangs: [async () => new Promise(() => {}), { code: 'ERR_WECHAT_STORE' }],
    'answers a number': [() => 7, { code: 'ERR_WECHAT_STORE', reason: 'record' }],
    'answers a text': [async () => Promise.resolve('<html>'), { code: 'ERR_WECHAT_STORE', reason: 'record' }],
    'answers the record of somebody else': [
      async () => Promise.resolve({ openid: 'oX', create_at: 1 }),
      { code: 'ERR_WECHAT_STORE', reason: 'record' },
    ],
  }
  for (const [name, [getToken, details]] of Object.entries(failures)) {
    it(`is failing, and warned about once, with a store that ${name}`, async () => {
      const tokenStore = { getToken, saveToken: async () => {} } as TokenStore
      const startedAt = performance.now()
      expect(await healthy({ tokenStore }).health()).to.deep.equal({ store: 'failing', credential: 'none' })
      expect(performance.now() - startedAt).to.be.lessThan(inTime(100))
      expect(warnings).to.deep.equal([['The token store failed a health check', details]])
    })

    it(`keeps the access token in memory with a store that then ${name}`, async () => {
      const store = new MemoryTokenStore()
      let isDown = false
      const tokenStore = {
        getToken: (id: string) => (isDown ? getToken() : store.getToken(id)),
        saveToken: (id: string, token: never) => store.saveToken(id, token),
      } as TokenStore
      const oauth = healthy({ tokenStore })
      await oauth.getClientAccessToken()
      isDown = true
      expect(await oauth.health()).to.deep.equal({ store: 'failing', credential: 'ok' })
    })
  }

  it('calls a record without an expiry expiring', async () => {
    const tokenStore = new MemoryTokenStore()
    await tokenStore.saveToken(key, { openid: key, access_token: 'a', create_at: now })
    expect(await healthy({ tokenStore }).health()).to.deep.equal({ store: 'ok', credential: 'expiring' })
  })

  it('does not fail with a logger that throws', async () => {
    const logger = {
      debug() {},
      warn() {
        throw new Error('disk full')
      },
    }
    const tokenStore = { getToken: async () => Promise.reject(new Error('down')), saveToken: async () => {} }
    expect(await healthy({ tokenStore, logger }).health()).to.have.property('store', 'failing')
  })
})
