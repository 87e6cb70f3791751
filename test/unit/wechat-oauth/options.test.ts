import { MemoryTokenStore, WechatOAuth } from '@wechat-auth/wechat-oauth'
import { expect } from 'chai'
import { thrown } from '../../helpers/rejection.js'
import { appId, appSecret } from '../../helpers/wechat-replies.js'

const good = { appId, appSecret }
const build = (options: unknown): WechatOAuth =>
  new WechatOAuth(options as ConstructorParameters<typeof WechatOAuth>[0])
const none = (): void => {}
const logger = { debug: none, warn: none }

const wrong: Record<string, unknown[]> = {
  appId: [undefined, null, '', 5, {}, 'wx\ud800'],
  appSecret: [undefined, null, '', 5, {}, '\udc00'],
  tokenStore: [null, 5, 'redis', {}, { getToken: none }, { saveToken: none }, { getToken: 1, saveToken: 2 }],
  shareCredentials: [null, 1, 'true'],
  saveSnapshotUsers: [null, 1, 'true'],
  allowInsecureEndpoints: [null, 1, 'true'],
  lang: [null, '', 'cn', 'zh-CN', 5],
  endpoints: [
    null,
    5,
    [],
    '',
    'api.weixin.qq.com',
    'ftp://a.cn',
    'http://api.weixin.qq.com',
    'http://10.0.0.1',
    'http://127.0.0.1.a.cn',
    'http://localhost.a.cn',
    'https://user@a.cn',
    'https://:pass@a.cn',
    'https://a.cn/?',
    'https://a.cn/?a=1',
    'https://a.cn/#',
    'https://a.cn/#a',
  ],
  'endpoints.open': [null, '', 5, 'http://a.cn'].map((open) => ({ open })),
  'endpoints.api': [null, '', 5, 'http://a.cn'].map((api) => ({ api })),
  'endpoints.mp': [null, '', 5, 'http://a.cn'].map((mp) => ({ mp })),
  fallbackHosts: [
    null,
    'https://api2.weixin.qq.com',
    {},
    [''],
    [5],
    ['api2.weixin.qq.com'],
    ['http://api2.weixin.qq.com'],
  ],
  timeout: [null, '5000', 0, -1, NaN, Infinity, 2 ** 31, 2 ** 31 - 1, 86_400_001],
  fetch: [null, 'fetch', {}],
  now: [null, 5],
  clientCredential: [null, '', 'fast', 5],
  logger: [null, 5, {}, { debug: none }, { warn: none }, { debug: none, warn: 'x' }],
}

describe('options of WechatOAuth', () => {
  for (const [option, values] of Object.entries(wrong)) {
    const [name = ''] = option.split('.')
    for (const value of values) {
      it(`throw a TypeError that names ${option} if it is ${shown(value)}`, () => {
        const error = thrown(() => build({ ...good, [name]: value })) as Error
        expect(error).to.be.an.instanceOf(TypeError)
        expect(error.message).to.match(new RegExp(`\\b${option.replace('.', '\\.')}\\b`))
        expect(error.message).to.not.contain(appSecret)
      })
    }
  }

  for (const option of ['appId', 'appSecret']) {
    it(`throw a TypeError if ${option} has white space at its ends`, () => {
      for (const value of ['wx1\n', ' wx1', '\twx1', 'wx1\u3000']) {
        const error = thrown(() => build({ ...good, [option]: value }))
        const message = `WechatOAuth: ${option} has white space at its start or end. Remove it`
        expect(error).to.be.an.instanceOf(TypeError).with.property('message', message)
      }
    })
  }

  for (const options of [undefined, null, 'wx', 5]) {
    it(`throw a TypeError if they are ${shown(options)}`, () => {
      expect(() => build(options)).to.throw(TypeError, /options/)
    })
  }

  it('must have both getToken and saveToken, or neither', () => {
    expect(() => build({ ...good, getToken: none })).to.throw(TypeError, /saveToken/)
    expect(() => build({ ...good, saveToken: none })).to.throw(TypeError, /getToken/)
    expect(() => build({ ...good, getToken: none, saveToken: {} })).to.throw(TypeError, /saveToken/)
    expect(() => build({ ...good, getToken: 'x', saveToken: none })).to.throw(TypeError, /getToken/)
  })

  it('must not have both a store and functions', () => {
    expect(() =>
      build({ ...good, tokenStore: new MemoryTokenStore(), getToken: none, saveToken: none }),
    ).to.throw(TypeError, /tokenStore/)
    expect(() => build({ ...good, tokenStore: new MemoryTokenStore(), saveToken: none })).to.throw(
      TypeError,
      /tokenStore/,
    )
  })

  const accepted: Record<string, object> = {
    'appId and appSecret alone': {},
    'every option': {
      tokenStore: new MemoryTokenStore(),
      shareCredentials: true,
      saveSnapshotUsers: false,
      allowInsecureEndpoints: true,
      lang: 'zh_TW',
      endpoints: { open: 'https://a.cn', api: 'https://b.cn/x/' },
      fallbackHosts: ['https://api2.weixin.qq.com'],
      timeout: 1,
      fetch,
      now: Date.now,
      clientCredential: 'classic',
      logger,
    },
    'every option left undefined': {
      tokenStore: undefined,
      getToken: undefined,
      saveToken: undefined,
      shareCredentials: undefined,
      saveSnapshotUsers: undefined,
      allowInsecureEndpoints: undefined,
      lang: undefined,
      endpoints: undefined,
      fallbackHosts: undefined,
      timeout: undefined,
      fetch: undefined,
      now: undefined,
      clientCredential: undefined,
      logger: undefined,
    },
    'a timeout of a day': { timeout: 86_400_000 },
    'a pair of functions': { getToken: none, saveToken: none },
    'console as logger': { logger: console },
    'http on 127.0.0.1': { endpoints: 'http://127.0.0.1:3000' },
    'http on another loopback address': { endpoints: 'http://127.1.2.3' },
    'http on localhost': { endpoints: { api: 'http://localhost:3000/' } },
    'http on a name under localhost': { endpoints: 'http://wechat.localhost' },
    'http on ::1': { endpoints: 'http://[::1]:3000' },
  }
  for (const [what, options] of Object.entries(accepted)) {
    it(`accept ${what}`, () => {
      expect(build({ ...good, ...options })).to.be.an.instanceOf(WechatOAuth)
    })
  }

  it('are copied: a later change of the object has no effect', () => {
    const options = Object.freeze({ ...good, endpoints: Object.freeze({ open: 'https://a.cn' }) })
    const changeable = structuredClone(options) as { appId: string; endpoints: { open: string } }
    const oauth = build(changeable)
    changeable.appId = 'wxchanged'
    changeable.endpoints.open = 'https://changed.cn'
    expect(oauth.getAuthorizeURL('https://b.cn/')).to.equal(build(options).getAuthorizeURL('https://b.cn/'))
  })
})

function shown(value: unknown): string {
  return typeof value === 'number' ? String(value) : JSON.stringify(value)
}
