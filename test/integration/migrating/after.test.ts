import { WechatStrategy, type WechatStrategyOptions } from '@wechat-auth/passport-wechat'
import { startSandbox, type Sandbox } from '@wechat-auth/wechat-sandbox'
import { expect } from 'chai'
import { codeIn, inChinese, read, tableOf } from '../readme/markdown.js'
import {
  apps,
  codeOf,
  Deployment,
  pages,
  passportWechat,
  passportWeixin,
  type Page,
  type Running,
  type StoredUser,
} from './applications.js'

/** The lines of the first text that are not in the second. */
function linesOnlyIn(code: string, other: string): string[] {
  const others = new Set(other.split('\n').map((line) => line.trim()))
  return code
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => !others.has(line))
}

for (const page of pages) {
  const english = `docs/migrating/${page.name}.md`
  for (const path of [english, inChinese(english)]) {
    describe(path, () => {
      it('lists every line that differs between the two applications', () => {
        const [before, after] = [codeOf(page, 'Before'), codeOf(page, 'After')]
        const rows = tableOf(read(path), /^(?:Line by line|逐行对照)$/)
        expect(rows.flatMap(([cell = '']) => codeIn(cell))).to.have.members(linesOnlyIn(before, after))
        expect(rows.flatMap(([, cell = '']) => codeIn(cell))).to.have.members(linesOnlyIn(after, before))
      })
    })
  }
}

describe('the names that other strategies give to options', () => {
  const options = { appId: 'wx', appSecret: 'secret', callbackURL: '/auth/wechat/callback' }
  const refused = {
    'passport-wechat': [{ appID: 'wx' }, { client: 'web' }, { state: 'login' }],
    'passport-weixin': [
      { clientID: 'wx' },
      { clientSecret: 'secret' },
      { authorizationURL: 'https://open.weixin.qq.com/connect/oauth2/authorize' },
      { tokenURL: 'https://api.weixin.qq.com/sns/oauth2/access_token' },
      { userProfileURL: 'https://api.weixin.qq.com/sns/userinfo' },
      { requireState: true },
    ],
  }
  for (const { name } of pages) {
    for (const old of refused[name]) {
      it(`are refused, as the page on ${name} says: ${JSON.stringify(old)}`, () => {
        const both = { ...options, ...old } as unknown as WechatStrategyOptions
        expect(() => new WechatStrategy(both, ({ profile }) => ({ id: profile.id }))).to.throw(TypeError)
      })
    }
  }
})

describe('applications that were ported to passport-wechat', () => {
  let sandbox: Sandbox
  before(async () => {
    sandbox = await startSandbox({ apps, tls: { port: 0 } })
  })
  after(() => sandbox.close())

  /** The record of alice that the old application left. */
  const alice = (page: Page): StoredUser => {
    const { appId } = apps.find(({ type }) => type === page.type)!
    return { id: 1, wechatId: page.storedId(sandbox.idsOf({ appId, user: 'alice' })), name: 'Alice' }
  }

  /** Runs an application for the tests of a suite, with alice in its users table. */
  const run = (page: Page, code: string): { deployment: Deployment; app: Running } => {
    const running = {} as { deployment: Deployment; app: Running }
    before(async () => {
      running.deployment = await Deployment.create(sandbox, page)
      await running.deployment.store([alice(page)])
      running.app = await running.deployment.start(code)
    })
    after(async () => {
      await running.app.stop()
      await running.deployment.remove()
    })
    return running
  }

  for (const page of pages) {
    describe(`from ${page.name}`, () => {
      const running = run(page, codeOf(page, 'After'))

      it('knows a user who logged in before the port', async () => {
        const { deployment, app } = running
        const user = await deployment.logIn(app, 'alice')
        const { picture, ...rest } = user!
        expect(rest).to.deep.equal({ ...alice(page), name: '爱丽丝' })
        expect(picture).to.match(/^https?:/)
        expect(await deployment.users()).to.deep.equal([user])
      })

      it('creates a user for somebody else', async () => {
        expect(await running.deployment.logIn(running.app, 'panda')).to.include({ id: 2 })
      })

      it('refuses a callback from a login that was started in another browser', async () => {
        expect(await running.deployment.openForeignCallback(running.app, 'panda')).to.equal(null)
      })
    })
  }

  describe("from passport-weixin, without idSource: 'unionid'", () => {
    const code = codeOf(passportWeixin, 'After')
    const careless = code.replace("  idSource: 'unionid',\n", '')
    const running = run(passportWeixin, careless)

    it('creates a second user for a user who logged in before the port', async () => {
      expect(careless).to.not.equal(code)
      const { deployment, app } = running
      const user = await deployment.logIn(app, 'alice')
      const { openid } = sandbox.idsOf({ appId: 'wx-website', user: 'alice' })
      expect(user).to.include({ id: 2, wechatId: openid })
      expect((await deployment.users())[0]).to.deep.equal(alice(passportWeixin))
    })
  })

  describe('from passport-wechat, with the parameter expiresIn left in verify', () => {
    const code = codeOf(passportWechat, 'After')
    const careless = code.replace('profile, done', 'profile, expiresIn, done')
    const running = run(passportWechat, careless)

    it('finds the user, but loses the stored name', async () => {
      expect(careless).to.not.equal(code)
      const { deployment, app } = running
      const { id, wechatId } = alice(passportWechat)
      expect(await deployment.logIn(app, 'alice')).to.deep.equal({ id, wechatId })
    })
  })
})
