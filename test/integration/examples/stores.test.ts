import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Context } from 'mocha'
import { startDemo, type Demo } from '../../../examples/express/src/start.js'
import { openStore, storeVariables, type StoreName } from '../../../examples/express/src/token-store.js'
import { Browser } from '../../helpers/browser.js'
import { rejection } from '../../helpers/rejection.js'
import { root, run } from '../../helpers/run.js'
import { sharedMariadb } from '../../services/mariadb.js'
import { sharedMongo } from '../../services/mongo.js'
import { sharedRedis } from '../../services/redis.js'

const addresses: Record<StoreName, (context: Context, folder: string) => Promise<string>> = {
  redis: async (context) => (await sharedRedis(context)).url,
  mysql: async (context) => (await sharedMariadb(context)).url,
  mongo: async (context) => (await sharedMongo(context)).url,
  sqlite: async (_context, folder) => Promise.resolve(join(folder, 'tokens.sqlite')),
}

const nowhere: Record<StoreName, string> = {
  redis: 'redis://user:hidden-password@127.0.0.1:1',
  mysql: 'mysql://user:hidden-password@127.0.0.1:1/test',
  mongo: 'mongodb://user:hidden-password@127.0.0.1:1/test?serverSelectionTimeoutMS=200',
  sqlite: '/nowhere/tokens.sqlite',
}

describe('The Express example with a database', function () {
  this.timeout(120_000)
  let folder: string
  let demo: Demo | undefined

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wechat-auth-'))
  })
  afterEach(async () => {
    await demo?.close()
    demo = undefined
  })
  after(() => rm(folder, { recursive: true }))

  for (const name of Object.keys(addresses) as StoreName[]) {
    it(`keeps the token of a login in ${name}`, async function () {
      const env = { [storeVariables[name]]: await addresses[name](this, folder) }
      demo = await startDemo({ store: name, env })
      const sandbox = demo.sandbox!
      const { appId } = sandbox.apps.find(({ type }) => type === 'miniprogram')!
      const { status } = await new Browser(demo.url).post('/auth/wechat/miniprogram', {
        code: sandbox.wxLogin({ appId, user: 'alice' }),
      })
      expect(status).to.equal(200)

      const { openid } = sandbox.idsOf({ appId, user: 'alice' })
      const { tokenStore, close } = await openStore(name, env)
      const record = await tokenStore.getToken(openid)
      await tokenStore.deleteToken?.(openid)
      await close()
      expect(record).to.include.keys('session_key', 'create_at')
    })

    it(`says what to look at when ${name} cannot be reached, but not the password`, async () => {
      const error = (await rejection(
        startDemo({ store: name, env: { [storeVariables[name]]: nowhere[name] } }),
      )) as Error
      expect(error.message).to.contain(name).and.contain(storeVariables[name])
      expect(error.message).not.to.contain('hidden-password')
    })
  }

  it('refuses an unknown store', async () => {
    const { code, stderr } = await run('npm', ['run', 'demo', '--silent', '--', '--store', 'oracle'], {
      cwd: root,
    })
    expect(code).to.equal(1)
    expect(stderr).to.contain('--store must be one of redis, mysql, mongo, sqlite')
  })
})
