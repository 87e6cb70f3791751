import { WechatTransportError } from '@wechat-auth/wechat-oauth'
import { expect } from 'chai'
import type { Framework } from '../../services/framework.js'
import { compileToCommonJS } from './commonjs.js'
import { installed, logsInEverywhere, logsInWithASession, servesAMiniProgram, withExample } from './logins.js'

/** What a test needs of Nest itself. */
interface NestCommon {
  Controller: () => (type: object) => void
  Get: () => (prototype: object, name: string, descriptor: PropertyDescriptor) => void
}

interface NestCore {
  NestFactory: { create: (module: object, options: object) => Promise<NestApplication> }
}

interface NestApplication {
  listen: (port: number, host: string) => Promise<unknown>
  getUrl: () => Promise<string>
  close: () => Promise<unknown>
}

describe('Nest example', () => {
  const nest = installed('nest')

  it('is not needed for the status: Nest logs an error and answers with its statusCode, without its message', async () => {
    const { Controller, Get } = nest().load('@nestjs/common') as NestCommon
    const { NestFactory } = nest().load('@nestjs/core') as NestCore
    class Fails {
      get(): never {
        throw new WechatTransportError('ERR_WECHAT_TIMEOUT', '/sns/userinfo', 'did not answer')
      }
    }
    Controller()(Fails)
    Get()(Fails.prototype, 'get', Object.getOwnPropertyDescriptor(Fails.prototype, 'get')!)
    const logged: unknown[] = []
    const log = (...parameters: unknown[]): void => void logged.push(parameters)
    const app = await NestFactory.create(
      { module: function Root() {}, controllers: [Fails] },
      { logger: { log() {}, warn: log, error: log } },
    )
    try {
      await app.listen(0, '127.0.0.1')
      const response = await fetch(await app.getUrl())
      const message = 'Gateway Timeout'
      expect([response.status, await response.json()]).to.deep.equal([504, { statusCode: 504, message }])
      expect(logged).to.have.length(1)
    } finally {
      await app.close()
    }
  })

  describe('with express-session', () => {
    const example = withExample(nest)
    logsInEverywhere(example)

    it('answers a forged state with the code and the reason as JSON', async () => {
      const visitor = example().visitor()
      const { json } = await visitor.comeBack(await visitor.goToWechat(), { state: 'forged' })
      expect(json).to.include({ statusCode: 403, code: 'ERR_WECHAT_STATE', reason: 'unknown' })
    })

    it('answers a browser with a page', async () => {
      const visitor = example().visitor()
      const { text } = await visitor.browser.open('/auth/wechat/callback?code=x&state=forged', {
        headers: { accept: 'text/html' },
      })
      expect(text).to.contain('<h1>You are not logged in</h1>').and.to.contain('ERR_WECHAT_STATE, unknown')
    })
  })

  describe('compiled to CommonJS', () => {
    let commonJS: Framework
    before(async () => {
      commonJS = { ...nest(), startApp: await compileToCommonJS('nest') }
    })
    const example = withExample(() => commonJS)
    logsInWithASession(example)
    servesAMiniProgram(example)
  })
})
