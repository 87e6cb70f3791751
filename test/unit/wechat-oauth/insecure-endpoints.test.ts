import { WechatOAuth } from '@wechat-auth/wechat-oauth'
import { OAuth } from '@wechat-auth/wechat-oauth/compat'
import { WechatStrategy } from '@wechat-auth/passport-wechat'
import { expect } from 'chai'
import { thrown } from '../../helpers/rejection.js'
import { runOrThrow } from '../../helpers/run.js'
import { appId, appSecret } from '../../helpers/wechat-replies.js'

const logger = { debug: (): void => {}, warn: (): void => {} }
const good = { appId, appSecret, logger }
const allowed = { ...good, allowInsecureEndpoints: true }
const places: Record<string, (url: string) => object> = {
  endpoints: (url) => ({ endpoints: url }),
  'endpoints.open': (open) => ({ endpoints: { open } }),
  'endpoints.api': (api) => ({ endpoints: { api } }),
  'endpoints.mp': (mp) => ({ endpoints: { mp } }),
  fallbackHosts: (url) => ({ fallbackHosts: [url] }),
}

describe('the option allowInsecureEndpoints', () => {
  for (const [option, at] of Object.entries(places)) {
    it(`accepts http on any host in ${option}`, () => {
      for (const url of ['http://wechat:4700', 'http://10.0.0.1', 'http://weixin.qq.com.example'])
        expect(new WechatOAuth({ ...allowed, ...at(url) })).to.be.an.instanceOf(WechatOAuth)
    })

    it(`is named where ${option} needs it`, () => {
      const error = thrown(() => new WechatOAuth({ ...good, ...at('http://wechat:4700') })) as Error
      expect(error)
        .to.be.an.instanceOf(TypeError)
        .with.property(
          'message',
          `${option} must use https, or http on a loopback address. If a sandbox runs on another host, set allowInsecureEndpoints: true`,
        )
    })

    it(`never accepts http on WeChat's own hosts in ${option}`, () => {
      for (const host of [
        'weixin.qq.com',
        'API.weixin.qq.com',
        'sh.api.weixin.qq.com.',
        'mp.weixin.qq.com:80',
      ]) {
        const error = thrown(() => new WechatOAuth({ ...allowed, ...at(`http://${host}`) })) as Error
        expect(error)
          .to.be.an.instanceOf(TypeError)
          .with.property('message', `${option} must use https: this host is WeChat's`)
      }
    })

    it(`does not accept other protocols in ${option}`, () => {
      expect(() => new WechatOAuth({ ...allowed, ...at('ftp://wechat') })).to.throw(TypeError, option)
    })
  }

  it('is an option of the strategy and of the drop-in too', () => {
    const options = { ...good, callbackURL: '/callback', endpoints: 'http://wechat:4700' }
    const verify = (): false => false
    expect(() => new WechatStrategy(options, verify)).to.throw(TypeError, 'allowInsecureEndpoints: true')
    const strategy = new WechatStrategy({ ...options, allowInsecureEndpoints: true }, verify)
    expect(strategy.oauth().getAuthorizeURL('https://a.cn/')).to.match(/^http:\/\/wechat:4700\//)
    const oauth = new OAuth(appId, appSecret)
    oauth.setOpts({ endpoints: 'http://wechat:4700', logger })
    expect(() => oauth.getAuthorizeURL('https://a.cn/')).to.throw(TypeError, 'allowInsecureEndpoints: true')
    oauth.setOpts({ endpoints: 'http://wechat:4700', logger, allowInsecureEndpoints: true })
    expect(oauth.getAuthorizeURL('https://a.cn/')).to.match(/^http:\/\/wechat:4700\//)
  })

  describe('warns', () => {
    const run = async (code: string): Promise<unknown> => {
      const module = `
        import { WechatOAuth } from '@wechat-auth/wechat-oauth'
        const seen = []
        const logger = { debug() {}, warn: (...message) => seen.push(message) }
        process.removeAllListeners('warning').on('warning', ({ name, message }) => seen.push([name, message]))
        const build = (endpoints, more) =>
          new WechatOAuth({ appId: '${appId}', appSecret: '${appSecret}', allowInsecureEndpoints: true, endpoints, ...more })
        ${code}
        setImmediate(() => console.log(JSON.stringify(seen)))`
      const printed = await runOrThrow(process.execPath, [
        ...process.execArgv,
        '--input-type=module',
        '--eval',
        module,
      ])
      return JSON.parse(printed)
    }
    const text =
      'allowInsecureEndpoints sends app secrets and tokens over http, where others can read them. Use it only with a sandbox'

    it('the logger once per process, and only of hosts on which requests can be read', async () => {
      const seen = await run(`
        build('http://127.0.0.1:4700', { logger })
        build('https://wechat.example', { logger })
        build({ open: 'http://localhost:4700', api: 'http://wechat:4700', mp: 'http://wechat:4700' }, { logger })
        build('http://other:4700', { logger })
        build('http://other:4700')`)
      expect(seen).to.deep.equal([[text, { hosts: ['wechat:4700'] }]])
    })

    it('the process once, without a logger', async () => {
      const seen = await run(`
        build('https://a.cn', { fallbackHosts: ['http://wechat:4700'] })
        build('http://wechat:4700', { logger })`)
      expect(seen).to.deep.equal([['WechatOAuthWarning', text]])
    })
  })
})
