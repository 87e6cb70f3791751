import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { WechatLogin } from '@wechat-auth/passport-wechat/web'
import type { WechatLoginMessage } from '@wechat-auth/wechat-oauth'
import { startSandbox, type Sandbox } from '@wechat-auth/wechat-sandbox'
import { expect } from 'chai'
import { optionsFor } from '../../../examples/shared/framework.js'
import { rejection } from '../../helpers/rejection.js'

const start = 'https://shop.example.com/auth/wechat'
const callbackURL = `${start}/callback`

describe('the channel wechat-auth:login', () => {
  let sandbox: Sandbox
  let login: WechatLogin
  let messages: WechatLoginMessage[]
  const listen = (message: unknown): void => void messages.push(message as WechatLoginMessage)

  before(async () => {
    sandbox = await startSandbox()
  })
  beforeEach(() => {
    sandbox.reset()
    messages = []
    const { apps } = optionsFor(sandbox)
    const cookie = { secret: 'a secret that has more than 32 bytes' }
    login = new WechatLogin({ apps, callbackURL, cookie, endpoints: sandbox.url, name: 'shop' })
    subscribe('wechat-auth:login', listen)
  })
  afterEach(() => {
    unsubscribe('wechat-auth:login', listen)
  })
  after(() => sandbox.close())

  /** Starts a login with the QR code. Returns the request with which the browser comes back. */
  async function goToWechat(given?: { code: string }): Promise<Request> {
    const result = await login.handle(new Request(start))
    if (result.action !== 'redirect') throw new Error('Expected a redirect')
    const page = new URL(result.response.headers.get('location')!)
    const [cookie = ''] = result.response.headers.getSetCookie()
    const query = new URLSearchParams({
      code: given?.code ?? sandbox.issueCode({ appId: page.searchParams.get('appid')!, user: 'alice' }),
      state: page.searchParams.get('state')!,
    })
    const headers = { cookie: cookie.split(';', 1).join() }
    return new Request(`${callbackURL}?${query.toString()}`, { headers })
  }

  const withoutDuration = () =>
    messages.map(({ durationMs, ...message }) => {
      expect(durationMs).to.be.greaterThan(0)
      return message
    })

  it('says how each request ends, with the code of a failure or error', async () => {
    await login.handle(await goToWechat())
    await login.handle(await goToWechat({ code: 'authdeny' }))
    const busy = await goToWechat()
    sandbox.fail('/sns/oauth2/access_token', { errcode: -1 })
    await rejection(login.handle(busy))

    const website = { strategy: 'shop', mode: 'website' }
    expect(withoutDuration()).to.deep.equal([
      { ...website, outcome: 'redirect' },
      { ...website, outcome: 'success' },
      { ...website, outcome: 'redirect' },
      { ...website, outcome: 'fail', code: 'ERR_WECHAT_DENIED' },
      { ...website, outcome: 'redirect' },
      { ...website, outcome: 'error', code: 'ERR_WECHAT_API' },
    ])
  })

  it('has no code if reading it throws', async () => {
    const broken = new Error('broken')
    Object.defineProperty(broken, 'code', {
      get: () => {
        throw new Error('getter')
      },
    })
    const { apps } = optionsFor(sandbox)
    const cookie = { secret: 'a secret that has more than 32 bytes' }
    login = new WechatLogin({ ...apps.mp, appId: () => Promise.reject(broken), callbackURL, cookie })
    expect(await rejection(login.handle(new Request(start)))).to.equal(broken)
    expect(withoutDuration()).to.deep.equal([{ strategy: 'wechat', mode: 'mp', outcome: 'error' }])
  })

  it('has no mode for a call with a wrong option', async () => {
    await rejection(login.handle(new Request(start), { mode: 'web' as never }))
    expect(withoutDuration()).to.deep.equal([{ strategy: 'shop', outcome: 'error' }])
  })
})
