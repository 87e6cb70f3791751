import {
  MemoryTokenStore,
  WechatAPIError,
  WechatOAuth,
  WechatTransportError,
  type WechatOAuthOptions,
} from '@wechat-auth/wechat-oauth'
import { startSandbox, type Fault, type Sandbox } from '@wechat-auth/wechat-sandbox'
import { expect } from 'chai'
import { rejection } from '../../helpers/rejection.js'
import { exposed, Secrets } from '../faults/leaks.js'

const page = 'http://127.0.0.1:3000/page?a=1'
const qrCode = { action_name: 'QR_STR_SCENE', action_info: { scene: { scene_str: 'table-7' } } } as const
const tokenPath = { stable: '/cgi-bin/stable_token', classic: '/cgi-bin/token' } as const
const ticketPath = '/cgi-bin/ticket/getticket'

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 30_000
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error('it did not come to that')
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

describe('app-level calls to the sandbox', () => {
  let sandbox: Sandbox
  beforeEach(async () => {
    sandbox = await startSandbox()
  })
  afterEach(async () => sandbox.close())

  const clientOf = (type: string, options: Partial<WechatOAuthOptions> = {}): WechatOAuth => {
    const { appId, appSecret } = sandbox.apps.find((app) => app.type === type)!
    return new WechatOAuth({
      appId,
      appSecret,
      endpoints: sandbox.endpoints,
      tokenStore: new MemoryTokenStore(),
      now: () => sandbox.clock.now(),
      ...options,
    })
  }

  /** Revokes the app's token without the client's knowledge. */
  const endToken = {
    stable: async (appId: string): Promise<void> => {
      const secret = sandbox.apps.find((app) => app.appId === appId)!.appSecret
      const body = JSON.stringify({
        grant_type: 'client_credential',
        appid: appId,
        secret,
        force_refresh: true,
      })
      await (await fetch(sandbox.url + tokenPath.stable, { method: 'POST', body })).json()
    },
    classic: async (appId: string): Promise<void> => {
      const secret = sandbox.apps.find((app) => app.appId === appId)!.appSecret
      const query = new URLSearchParams({ grant_type: 'client_credential', appid: appId, secret })
      await (await fetch(`${sandbox.url}${tokenPath.classic}?${query.toString()}`)).json()
      // Both are valid for this long.
      sandbox.clock.advance(300_000)
    },
  }

  for (const mode of ['stable', 'classic'] as const) {
    describe(`with tokens of ${tokenPath[mode]}`, () => {
      const oauthWith = (): WechatOAuth => clientOf('mp', { clientCredential: mode })
      const counts = (): number[] => [sandbox.count(tokenPath[mode]), sandbox.count(ticketPath)]
      const sign = async (oauth: WechatOAuth): Promise<void> => {
        expect(sandbox.checkJsSdkSignature(await oauth.jsSDKSign(page))).to.equal('ok')
      }
      const breakDown = (fault: Fault | null): void => {
        for (const path of [tokenPath[mode], ticketPath]) sandbox.fail(path, fault)
      }

      it('100 cold signatures at once need one token and one ticket, and are valid', async () => {
        const oauth = oauthWith()
        await Promise.all(Array.from({ length: 100 }, async () => sign(oauth)))
        expect(counts()).to.deep.equal([1, 1])
      })

      it('a week of one signature a minute needs at most 90 calls each, and every signature is valid', async () => {
        const oauth = oauthWith()
        for (let minute = 0; minute < 7 * 24 * 60; minute += 1) {
          await sign(oauth)
          sandbox.clock.advance(60_000)
        }
        for (const count of counts()) expect(count).to.be.within(80, 90)
      }).timeout(60_000)

      it('signatures work while WeChat is down for ten minutes in which token and ticket are valid', async () => {
        const oauth = oauthWith()
        await sign(oauth)
        sandbox.clock.advance(7200_000 - 610_000)
        breakDown({ status: 503 })
        for (let second = 0; second < 600; second += 5) {
          await sign(oauth)
          sandbox.clock.advance(5000)
        }
        await until(() => counts()[0]! > 1)
        breakDown(null)
        // In the background, a few at a time.
        await until(async () => {
          await sign(oauth)
          sandbox.clock.advance(50)
          return counts()[1]! > 1
        })
        await sign(oauth)
      }).timeout(60_000)

      it('a typed error says that WeChat is down when they are not, and later calls work again', async () => {
        const oauth = oauthWith()
        await sign(oauth)
        sandbox.clock.advance(7200_000)
        breakDown('reset')
        for (let minute = 0; minute < 10; minute += 1) {
          const errors = await Promise.all(
            Array.from({ length: 20 }, async () => rejection(oauth.jsSDKSign(page), WechatTransportError)),
          )
          for (const error of errors)
            expect(error).to.include({ code: 'ERR_WECHAT_NETWORK', endpoint: tokenPath[mode] })
          sandbox.clock.advance(60_000)
        }
        breakDown(null)
        await sign(oauth)
        // Each try is two requests, and the 20 share it.
        expect(counts()).to.deep.equal([1 + 2 * 10 + 1, 2])
      })

      it('200 calls that run when the token is revoked all succeed, with one new token', async () => {
        const oauth = oauthWith()
        const { access_token: old } = await oauth.getClientAccessToken()
        await endToken[mode](oauth.appId)
        const [before = 0] = counts()
        const tickets = await Promise.all(
          Array.from({ length: 200 }, async () => oauth.getQRCodeTicket(qrCode)),
        )
        expect(tickets.every(({ ticket }) => ticket.length > 0)).to.equal(true)
        expect(counts()[0]).to.equal(before + 1)
        expect((await oauth.getClientAccessToken()).access_token).to.not.equal(old)
      }).timeout(60_000)
    })
  }

  it('no log and no error contains a token or a ticket', async () => {
    const logged: unknown[] = []
    const log = (...entry: unknown[]): void => {
      logged.push(entry)
    }
    const oauth = clientOf('mp', { logger: { debug: log, warn: log } })
    const secrets = new Secrets()
    const note = async (): Promise<void> => {
      secrets.addAllOf(await oauth.getClientAccessToken())
      secrets.addAllOf(await oauth.getJsApiTicket())
    }
    await note()
    await endToken.stable(oauth.appId)
    await oauth.getQRCodeTicket(qrCode)
    await note()
    sandbox.fail('/cgi-bin/qrcode/create', {
      transform: () => ({
        errcode: 48001,
        errmsg: `api unauthorized ${sandbox.requests.at(-1)?.query.access_token?.toString() ?? ''}`,
      }),
    })
    sandbox.fail(ticketPath, {
      transform: ({ ticket }) => ({ errcode: 48001, errmsg: `no ${String(ticket)}`, ticket }),
    })
    sandbox.clock.advance(7200_000)
    const errors = [
      await rejection(oauth.getQRCodeTicket(qrCode), WechatAPIError),
      await rejection(oauth.jsSDKSign(page), WechatAPIError),
    ]
    sandbox.fail(ticketPath, null)
    await note()
    expect(logged).to.not.be.empty
    expect(errors.map(({ errcode }) => errcode)).to.deep.equal([48001, 48001])
    for (const seen of [logged, errors, oauth, await oauth.jsSDKSign('http://127.0.0.1:3000/page')])
      expect(secrets.leaksIn(exposed(seen))).to.deep.equal([])
  })

  describe('of two tenants with one token store', () => {
    let tokenStore: MemoryTokenStore
    beforeEach(() => {
      tokenStore = new MemoryTokenStore()
    })
    const calls: Record<string, (oauth: WechatOAuth) => Promise<unknown>> = {
      'the access token': async (oauth) => oauth.getClientAccessToken(),
      'the ticket': async (oauth) => oauth.getJsApiTicket(),
      'a signature': async (oauth) => oauth.jsSDKSign(page),
      'a QR code': async (oauth) => oauth.getQRCode(qrCode),
    }
    const owner = (): WechatOAuth => clientOf('mp', { tokenStore })
    const sign = async (oauth: WechatOAuth): Promise<void> => {
      expect(sandbox.checkJsSdkSignature(await oauth.jsSDKSign(page))).to.equal('ok')
    }

    it('the one with a wrong secret gets nothing, and the other one works', async () => {
      await sign(owner())
      for (const [what, call] of Object.entries(calls)) {
        const other = clientOf('mp', { tokenStore, appSecret: '0123456789abcdef0123456789abcdef' })
        const error = await rejection(call(other), WechatAPIError)
        expect(error, what).to.include({ errcode: 40125, kind: 'config', endpoint: tokenPath.stable })
      }
      const [tokens, tickets] = [sandbox.count(tokenPath.stable), sandbox.count(ticketPath)]
      await sign(owner())
      expect([sandbox.count(tokenPath.stable), sandbox.count(ticketPath)]).to.deep.equal([tokens, tickets])
    })

    it('the one with the new secret replaces the records of the old secret', async () => {
      await sign(owner())
      const { appId, appSecret, type } = sandbox.apps.find((app) => app.type === 'mp')!
      await sandbox.close()
      // WeChat after the secret was reset.
      sandbox = await startSandbox({ apps: [{ appId, type, appSecret: 'fedcba9876543210fedcba9876543210' }] })
      for (const [what, call] of Object.entries(calls)) {
        expect(await call(owner()), what).to.be.an('object')
        await rejection(call(clientOf('mp', { tokenStore, appSecret })), WechatAPIError)
      }
      await sign(owner())
      expect(sandbox.count(ticketPath)).to.equal(1)
    })
  })

  it('a QR code with a scene has an image', async () => {
    const { data, contentType } = await clientOf('mp').getQRCode(qrCode)
    expect(contentType).to.match(/^image\//)
    expect(data.length).to.be.greaterThan(100)
  })

  it('a session stays valid when its key is reset; a made-up phone code is refused', async () => {
    const oauth = clientOf('miniprogram')
    const { appId } = oauth
    const { openid, session_key: old } = await oauth.code2Session(sandbox.wxLogin({ appId, user: 'alice' }))
    expect(await oauth.checkSession(openid)).to.be.true
    expect((await oauth.resetSession(openid)).session_key).to.not.equal(old)
    expect(await oauth.checkSession(openid)).to.be.true
    expect(await rejection(oauth.getPhoneNumber('0'.repeat(64)), WechatAPIError)).to.include({
      errcode: 40029,
      kind: 'code',
    })
  })
})
