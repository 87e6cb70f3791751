import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startSandbox, type Sandbox } from '@wechat-auth/wechat-sandbox'
import { expect } from 'chai'
import type { Context } from 'mocha'
import { root } from '../../helpers/run.js'
import { competitors } from '../../services/competitors.js'
import { socialAuth } from '../../services/social-auth.js'
import { chinese, codeIn, english, readmeOf, tableOf } from '../readme/markdown.js'
import { Person } from './person.js'
import { appOf, Surroundings, type Stranger } from './stranger.js'

type Json = Record<string, unknown>
type Account = 'mp' | 'website'

interface Reply {
  status: number
  json: Json
}

const hour = 3_600_000
const tested: string[] = []
const user = 'panda'
const nickname = '熊猫🐼👨‍👩‍👧'

describe('WeChat clients that do not know about the sandbox', () => {
  let sandbox: Sandbox
  let surroundings: Surroundings
  let person: Person
  let modules: string
  let stranger: Stranger | undefined

  before(async () => {
    sandbox = await startSandbox({ tls: { port: 0 } })
    surroundings = await Surroundings.of(sandbox)
    person = new Person(sandbox, user)
  })
  afterEach(() => sandbox.reset())
  after(async () => {
    await sandbox.close()
    await surroundings.remove()
  })

  const open = (path: string): Promise<Response> =>
    fetch(new URL(path, stranger!.url), { redirect: 'manual' })
  const ask = async (path: string, query: Record<string, string> = {}): Promise<Reply> => {
    const response = await open(`${path}?${new URLSearchParams(query).toString()}`)
    return { status: response.status, json: (await response.json().catch(() => ({}))) as Json }
  }
  /** A login from the application's link to what it knows of the user. */
  const logIn = async (account: string, decide = (page: URL) => person.consent(page)): Promise<Reply> => {
    const begun = await open(`/${account}/login?mark=abc123`)
    const page = new URL(begun.headers.get('location')!)
    expect(page.host).to.equal('open.weixin.qq.com')
    const callback = await decide(page)
    expect(callback.searchParams.get('state')).to.equal(page.searchParams.get('state')).and.not.to.be.empty
    return ask(callback.pathname, Object.fromEntries(callback.searchParams))
  }
  /**
   * Of a QR code's picture. WeChat wants the ticket in it to be URL-encoded, once:
   * https://developers.weixin.qq.com/doc/offiaccount/Account_Management/Generating_a_Parametric_QR_Code.html
   */
  const statusOf = async (address: unknown): Promise<number> => {
    expect(address).to.match(/^https:\/\/mp\.weixin\.qq\.com\/cgi-bin\/showqrcode\?/)
    return (await person.open(String(address))).status
  }
  const idsIn = (type: 'mp' | 'website' | 'miniprogram'): { openid: string; unionid?: string } =>
    sandbox.idsOf({ appId: appOf(sandbox, type).appId, user })
  /** Runs a client for the tests of a suite. */
  const aStranger = (start: (this: Context) => Promise<Stranger>): void => {
    before(async function () {
      stranger = await start.call(this)
    })
    after(() => stranger?.stop())
  }
  const ofNpm = (name: string): void => aStranger(() => surroundings.node(`${name}.cjs`, modules))
  /** A suite for a client that the READMEs name. */
  const client = (name: string, tests: () => void): void => {
    tested.push(name)
    describe(name, tests)
  }

  /** What it asked WeChat's servers: all over TLS, and by WeChat's names. */
  const calls = (): string[] =>
    sandbox.requests
      .filter(({ path }) => !/^\/connect\/|\/showqrcode$/.test(path))
      .map(({ method, path, headers, secure }) => {
        expect(secure, path).to.be.true
        return `${method} ${headers.host!}${path}`
      })

  const logsIn = (accounts: Record<Account, string>, exchange = 'GET'): void => {
    for (const account of Object.keys(accounts) as Account[]) {
      it(`logs a user in and reads who it is: ${accounts[account]}`, async () => {
        const { status, json } = await logIn(account)
        expect(json).to.include({ ...idsIn(account), nickname })
        expect(status).to.equal(200)
        expect(calls()).to.deep.equal([
          `${exchange} api.weixin.qq.com/sns/oauth2/access_token`,
          'GET api.weixin.qq.com/sns/userinfo',
        ])
      })
    }
  }
  const fails = (told: string): void => {
    it('fails with a wrong secret', async () => {
      const { status, json } = await logIn('wrong')
      expect(status).to.equal(500)
      expect(json['message']).to.contain(told)
      expect(calls()).to.have.length(1)
    })
  }
  const both = { mp: 'official account', website: 'website, by QR code' }

  const refreshes = (): void => {
    it('reads the user again after a refresh, not with the expired token', async () => {
      const {
        json: { openid },
      } = await logIn('mp')
      sandbox.clock.advance(2 * hour + 1)
      expect(await ask('/mp/user', { openid: String(openid) })).to.have.property('status', 500)
      expect((await ask('/mp/refresh', { openid: String(openid) })).status).to.equal(200)
      expect((await ask('/mp/user', { openid: String(openid) })).json).to.include({ openid, nickname })
      expect(calls()).to.include('GET api.weixin.qq.com/sns/oauth2/refresh_token')
    })
  }

  const encrypted = (): Record<string, string> => {
    const of = { appId: appOf(sandbox, 'miniprogram').appId, user }
    const { encryptedData, iv } = sandbox.encrypt(of)
    return { code: sandbox.wxLogin(of), encryptedData, iv }
  }
  const decrypts = (): void => {
    it('decrypts what a mini-program was given', async () => {
      const { json } = await ask('/miniprogram/miniprogram', encrypted())
      expect(json).to.include({ nickName: nickname })
      expect(json['watermark']).to.have.property('appid', appOf(sandbox, 'miniprogram').appId)
      expect(calls()).to.deep.equal(['GET api.weixin.qq.com/sns/jscode2session'])
    })
  }
  const exchangesAMiniProgramsCode = (action = 'session'): void => {
    it("exchanges a mini-program's code", async () => {
      const { json } = await ask(`/miniprogram/${action}`, encrypted())
      expect(json).to.include(idsIn('miniprogram')).and.to.have.property('session_key').that.has.length(24)
      expect(calls()).to.deep.equal(['GET api.weixin.qq.com/sns/jscode2session'])
    })
  }
  const signs = (): void => {
    it('signs a page for the JS-SDK', async () => {
      const url = 'https://example.com/page?a=1'
      const {
        json: { nonceStr, timestamp, signature },
      } = await ask('/mp/sign', { url })
      const { appId } = appOf(sandbox, 'mp')
      expect(
        sandbox.checkJsSdkSignature({
          appId,
          url,
          nonceStr: String(nonceStr),
          timestamp: Number(timestamp),
          signature: String(signature),
        }),
      ).to.equal('ok')
      expect(calls()).to.deep.equal([
        'GET api.weixin.qq.com/cgi-bin/token',
        'GET api.weixin.qq.com/cgi-bin/ticket/getticket',
      ])
    })
  }

  describe('of npm', () => {
    before(async function () {
      modules = await competitors(this)
    })

    client('wechat-oauth', () => {
      ofNpm('wechat-oauth')
      logsIn(both)
      refreshes()
      decrypts()
      fails('invalid appsecret')
    })

    client('co-wechat-oauth', () => {
      ofNpm('co-wechat-oauth')
      logsIn(both)
      refreshes()
      fails('invalid appsecret')
    })

    client('wechat-oauth-ts', () => {
      ofNpm('wechat-oauth-ts')
      logsIn(both)
      refreshes()
      exchangesAMiniProgramsCode()
      fails('invalid appsecret')

      it('fetches a ticket', async () => {
        expect((await ask('/mp/ticket')).json)
          .to.have.property('ticket')
          .that.has.length(86)
      })

      it('makes a QR code, but encodes its address once too often', async () => {
        expect(await statusOf((await ask('/mp/qr')).json['address'])).to.equal(404)
      })
    })

    client('passport-wechat', () => {
      ofNpm('passport-wechat')
      logsIn(both)
      fails('invalid appsecret')

      for (const decision of ['refuse-authdeny', 'refuse-state-only']) {
        it(`recognizes a refusal: ${decision}`, async () => {
          expect(await logIn('mp', (page) => person.decide(page, decision))).to.have.property('status', 401)
          expect(calls()).to.deep.equal([])
        })
      }
    })

    client('passport-weixin', () => {
      ofNpm('passport-weixin')
      logsIn(both, 'POST')
      exchangesAMiniProgramsCode('callback')
      fails('invalid appsecret')
    })

    client('node-easywechat', () => {
      ofNpm('node-easywechat')
      logsIn(both)
      decrypts()
      signs()
      fails('invalid appsecret')

      it('takes a stable token, and finds it again in its cache', async () => {
        const { json } = await ask('/mp/stable')
        expect(await ask('/mp/stable')).to.deep.include({ json })
        expect(calls()).to.deep.equal(['POST api.weixin.qq.com/cgi-bin/stable_token'])
      })

      it('makes a QR code', async () => {
        const { json } = await ask('/mp/qr', { scene: 'door-7' })
        expect(
          await statusOf(
            `https://mp.weixin.qq.com/cgi-bin/showqrcode?ticket=${encodeURIComponent(String(json['ticket']))}`,
          ),
        ).to.equal(200)
      })
    })

    client('co-wechat-api', () => {
      ofNpm('co-wechat-api')
      signs()
      exchangesAMiniProgramsCode()

      it('fetches a token when WeChat says that the one before has expired', async () => {
        await ask('/mp/token')
        sandbox.clock.advance(2 * hour + 1)
        expect((await ask('/mp/ticket')).json)
          .to.have.property('ticket')
          .that.has.length(86)
        const [token, ticket] = [
          'GET api.weixin.qq.com/cgi-bin/token',
          'GET api.weixin.qq.com/cgi-bin/ticket/getticket',
        ]
        expect(calls()).to.deep.equal([token, ticket, token, ticket])
      })

      it('makes a QR code with the right address once the ticket is encoded', async () => {
        const {
          json: { plain, encoded },
        } = await ask('/mp/qr', { scene: 'door-7' })
        expect(await statusOf(plain)).to.equal(404)
        expect(await statusOf(encoded)).to.equal(200)
      })

      it('makes a permanent QR code', async () => {
        expect((await ask('/mp/limit', { scene: '7' })).json)
          .to.have.property('url')
          .that.matches(/^http:\/\/weixin\.qq\.com\/q\//)
      })

      it('fails with a wrong secret', async () => {
        expect(await ask('/wrong/token'))
          .to.deep.include({ status: 500 })
          .and.to.have.nested.property('json.message')
          .that.contains('invalid appsecret')
      })
    })
  })

  describe('fetch of Node.js', () => {
    aStranger(() => surroundings.node('fetch.cjs'))

    it('finds WeChat', async () => {
      expect((await ask('/mp/auth')).json).to.have.property('errcode', 41001)
      expect(calls()).to.deep.equal(['GET api.weixin.qq.com/sns/auth'])
    })
  })

  client('python-social-auth', () => {
    aStranger(async function () {
      return surroundings.python(await socialAuth(this), 'social_auth.py')
    })
    logsIn(both, 'POST')
    fails('AuthCanceled')

    it('refreshes at WeChat’s address, not at that of the code exchange, so it must be configured', async () => {
      const {
        json: { openid },
      } = await logIn('mp')
      const query = { openid: String(openid) }
      // https://developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/Wechat_webpage_authorization.html: the grant_type of
      // access_token is authorization_code, the one of refresh_token is refresh_token.
      expect((await ask('/mp/refresh', query)).json).to.have.property('errcode', 40002)
      const at = 'https://api.weixin.qq.com/sns/oauth2/refresh_token'
      sandbox.clock.advance(2 * hour + 1)
      expect((await ask('/mp/user', query)).json).to.have.property('errcode', 42001)
      expect((await ask('/mp/refresh', { ...query, at })).json)
        .to.include({ openid })
        .and.to.have.property('access_token')
      expect(calls().at(-1)).to.equal('POST api.weixin.qq.com/sns/oauth2/refresh_token')
    })

    it('has urllib beside it that finds WeChat too', async () => {
      expect((await ask('/mp/urllib')).json).to.have.property('errcode', 41001)
      expect(calls()).to.deep.equal(['GET api.weixin.qq.com/sns/auth'])
    })
  })

  for (const file of [english, chinese]) {
    it(`are those that ${file} names, with these versions`, async () => {
      const rows = tableOf(
        readmeOf('packages/wechat-sandbox', file),
        /^(?:Clients that are tested|已测试的客户端)$/,
      )
      expect(rows.map(([name = '']) => codeIn(name)[0])).to.have.members(tested)
      const { dependencies } = JSON.parse(await readFile(join(root, 'bench/package.json'), 'utf8')) as {
        dependencies: Record<string, string>
      }
      const named = rows.map(([name = '', version]) => [codeIn(name)[0]!, version] as const)
      const locked = named.filter(([name]) => name in dependencies)
      expect(locked).to.have.length(tested.length - 1)
      expect(locked).to.deep.equal(locked.map(([name]) => [name, dependencies[name]]))
    })
  }
})
