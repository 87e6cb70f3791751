import { CookieStateStore, WechatStrategy } from '@wechat-auth/passport-wechat'
import { startSandbox } from '@wechat-auth/wechat-sandbox'
import { expect } from 'chai'
import { optionsFor } from '../../../examples/shared/framework.js'
import { blockOf, english, readmeOf } from '../readme/markdown.js'
import { runPart } from '../readme/running.js'
import {
  installed,
  logsInEverywhere,
  refusesLogins,
  servesAMiniProgram,
  Visitor,
  withExample,
} from './logins.js'

/** What the recipe of the README needs of Fastify. */
interface FastifyApp {
  register: (plugin: unknown) => unknown
  get: (path: string, options: object, handler: (request: { user?: unknown }) => unknown) => unknown
  listen: (options: { port: number; host: string }) => Promise<string>
  close: () => Promise<void>
}

interface FastifyPassport {
  use: (strategy: WechatStrategy) => unknown
  initialize: () => unknown
  authenticate: (name: string, options: object) => unknown
}

describe('Fastify example', () => {
  const fastify = installed('fastify')

  for (const variant of ['secure-session', 'session']) {
    describe(`with @fastify/${variant}`, () => {
      const example = withExample(fastify, variant)
      logsInEverywhere(example)
    })
  }

  describe('without sessions', () => {
    const example = withExample(fastify, 'none')
    refusesLogins(example)
    servesAMiniProgram(example)

    it('returns the user, and keeps nothing but the state in a cookie', async () => {
      const visitor = example().visitor()
      const { json } = await visitor.logIn()

      expect(json).to.have.nested.property('user.name', '爱丽丝')
      expect([...visitor.browser.cookies.keys()].join()).to.match(/^wechat\.\w{8}$/)
    })

    it('finishes the logins of two tabs, one after the other', async () => {
      const visitor = example().visitor()
      const [first, second] = [await visitor.goToWechat(), await visitor.goToWechat()]
      for (const tab of [first, second])
        expect((await visitor.comeBack(tab)).json).to.have.nested.property('user.mode')
    })

    it('returns the address of WeChat’s page, with a state that works', async () => {
      const visitor = example().visitor()
      const { json } = await visitor.browser.open('/auth/wechat/url')
      const page = new URL((json as { url: string }).url)
      expect((await visitor.comeBack(page)).json).to.have.nested.property('user.mode')
    })
  })

  describe('the recipe of the README', () => {
    it('keeps the state in a cookie, without a session plugin', async () => {
      const app = (fastify().load('fastify') as () => FastifyApp)()
      const { Authenticator } = fastify().load('@fastify/passport') as {
        Authenticator: new () => FastifyPassport
      }
      const passport = new Authenticator()
      const sandbox = await startSandbox()
      try {
        app.register(passport.initialize())
        process.env['STATE_SECRET'] = 'a secret of the tests, of 32 bytes and more'
        const recipe = blockOf(readmeOf('packages/passport-wechat', english), /^Other frameworks$/)
        const { store } = await runPart(recipe, { fastify: app, CookieStateStore }, ['store'])
        delete process.env['STATE_SECRET']
        const { apps, endpoints = '' } = optionsFor(sandbox)
        const callbackURL = '/auth/wechat/callback'
        const options = { ...apps.mp, callbackURL, endpoints, store: store as CookieStateStore }
        passport.use(new WechatStrategy(options, ({ profile }) => ({ name: profile.displayName })))
        const preValidation = passport.authenticate('wechat', { session: false })
        for (const path of ['/auth/wechat', callbackURL])
          app.get(path, { preValidation }, ({ user }) => ({ user }))
        const visitor = new Visitor(await app.listen({ port: 0, host: '127.0.0.1' }), sandbox)
        const { json, text } = await visitor.logIn('/auth/wechat')

        expect(json, text).to.deep.equal({ user: { name: '爱丽丝' } })
      } finally {
        await app.close()
        await sandbox.close()
      }
    })
  })
})
