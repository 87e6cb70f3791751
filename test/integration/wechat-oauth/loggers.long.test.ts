import { startSandbox, type Sandbox } from '@wechat-auth/wechat-sandbox'
import { expect } from 'chai'
import { installed, type Installed } from '../../services/packages.js'
import { compile } from '../readme/compiling.js'
import { blockOf, english, readmeOf } from '../readme/markdown.js'
import { runModule } from '../readme/running.js'

const packages = ['pino@10.4.0', 'fastify@5.12.8', 'winston@3.19.0', 'bunyan@2.0.5', '@types/bunyan@1.8.11']
const readme = readmeOf('packages/wechat-oauth', english)
const app = { appId: 'wx…', appSecret: '…', type: 'mp' } as const

// The recipes of the README, and other loggers of these packages.
const recipes = {
  pino: blockOf(readme, /^Logging$/),
  "Fastify's app.log": blockOf(readme, /^Logging$/, 1),
  winston: blockOf(readme, /^Logging$/, 2),
  "pino's child": blockOf(readme, /^Logging$/).replace(
    ', logger }',
    ", logger: logger.child({ part: 'login' }) }",
  ),
  bunyan: `
    import bunyan from 'bunyan'
    const logger = bunyan.createLogger({ name: 'app', level: 'debug' })
    const oauth = new WechatOAuth({ appId, appSecret, logger })`,
}
const imports = `
  import { WechatOAuth } from '@wechat-auth/wechat-oauth'
  const [appId, appSecret] = ['${app.appId}', '${app.appSecret}']
`

describe('loggers by other authors', () => {
  let sandbox: Sandbox
  let loggers: Installed
  before(async function () {
    loggers = await installed(this, 'loggers', packages)
    sandbox = await startSandbox({ apps: [app] })
  })
  after(() => sandbox.close())

  for (const [name, recipe] of Object.entries(recipes)) {
    it(`keep the facts of a call and of a failure as fields: ${name}`, async () => {
      const code = sandbox.issueCode({ appId: app.appId, user: 'alice' })
      const { printed } = await runModule(
        `${imports}${recipe}
        await oauth.getAccessToken('${code}')
        await oauth.getAccessToken('${code}').catch(() => {})`,
        { cwd: loggers.folder, wechat: sandbox.url },
      )
      const lines = printed
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>)
      expect(lines.map((line) => line.msg ?? line.message)).to.deep.equal([
        'WeChat call',
        'WeChat call failed',
      ])
      expect(lines[0]).to.include({ endpoint: '/sns/oauth2/access_token' }).and.have.property('ms')
      expect(lines[1]).to.include({ code: 'ERR_WECHAT_API', errcode: 40163 })
      if (name === "pino's child") expect(lines[1]).to.include({ part: 'login' })
    })
  }

  it('have types that fit', function () {
    this.timeout(0)
    const files = Object.fromEntries(
      Object.values(recipes).map((recipe, index) => [
        `recipe-${index}.mts`,
        `${imports}${recipe}\nexport { oauth }`,
      ]),
    )
    expect(compile(files, loggers.folder)).to.deep.equal([])
    const wrong = `${imports}new WechatOAuth({ appId, appSecret, logger: { debug() {} } })`
    expect(compile({ 'wrong.mts': wrong }, loggers.folder)).to.have.length(1)
  })
})
