import { join } from 'node:path'
import { expect } from 'chai'
import { runOrThrow } from '../helpers/run.js'
import { addFixtures, installed, packages, project } from './packed.js'

describe('an application that installs the packed passport-wechat', function () {
  this.timeout(180_000)

  let folder: string
  before(async function () {
    folder = await project(this, ['wechat-oauth', 'passport-wechat'])
    await addFixtures(folder, 'strategy.cjs')
  })

  it('gets at most 10 packages, not counting types', async () => {
    const names = Object.keys(await installed(folder)).map((path) =>
      path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length),
    )
    const code = names.filter((name) => !name.startsWith('@types/') && name !== 'undici-types')
    expect(code).to.include.members([
      '@wechat-auth/passport-wechat',
      '@wechat-auth/wechat-oauth',
      'passport-oauth2',
    ])
    expect(code).to.have.length.of.at.most(10)
  })

  it('runs no installation scripts', async () => {
    const scripts = Object.entries(await installed(folder)).filter(
      ([, { hasInstallScript }]) => hasInstallScript,
    )
    expect(scripts).to.deep.equal([])
  })

  it('gets one strategy class, however it loads it', async () => {
    expect(await runOrThrow(process.execPath, ['strategy.cjs'], { cwd: folder })).to.equal(
      'one class, however it is loaded\n',
    )
  })
})

describe('an application that installs all packed packages', function () {
  this.timeout(180_000)

  // What users type; of the errors and of the types there is more.
  const documented: Record<string, string[]> = {
    '@wechat-auth/wechat-oauth': [
      'WechatOAuth',
      'MemoryTokenStore',
      'isTokenValid',
      'WECHAT_ERRCODES',
      'encryptedTokenStore',
      'WechatError',
      'WechatAPIError',
      'WechatTransportError',
      'NoOAuthTokenError',
      'WechatDecryptError',
      'StoreError',
      'TokenStoreError',
      'WechatSessionError',
    ],
    '@wechat-auth/wechat-oauth/compat': ['OAuth'],
    '@wechat-auth/passport-wechat': ['WechatStrategy', 'Strategy', 'CookieStateStore'],
    '@wechat-auth/wechat-sandbox': ['startSandbox'],
    '@wechat-auth/store-conformance': [
      'tokenStoreCases',
      'testTokenStore',
      'sessionStoreCases',
      'testSessionStore',
      'userStoreCases',
      'testUserStore',
      'reasonToSkip',
    ],
    '@wechat-auth/wechat-session': [
      'WechatSessions',
      'WechatSessionStrategy',
      'MemorySessionStore',
      'MemoryUserStore',
      'WechatSessionError',
    ],
    '@wechat-auth/store-redis': ['RedisTokenStore', 'RedisSessionStore'],
    '@wechat-auth/store-mysql': ['MysqlTokenStore'],
    '@wechat-auth/store-mongo': ['MongoTokenStore', 'tokenSchema'],
    '@wechat-auth/store-sqlite': ['SqliteTokenStore', 'SqliteSessionStore', 'SqliteUserStore'],
  }
  const names = [
    ...[...packages.values()].map(({ manifest }) => manifest.name),
    '@wechat-auth/wechat-oauth/compat',
  ]

  let folder: string
  before(async function () {
    folder = await project(this, [...packages.keys()])
    await addFixtures(folder, 'names.cjs', 'names.mjs', 'compat.cjs')
  })

  type Given = Record<string, { type: string; names: string[]; types: string[] }>
  const given = async (script: string): Promise<Given> =>
    JSON.parse(await runOrThrow(process.execPath, [script, ...names], { cwd: folder })) as Given

  it('runs no installation scripts', async () => {
    const scripts = Object.entries(await installed(folder)).filter(
      ([, { hasInstallScript }]) => hasInstallScript,
    )
    expect(scripts).to.deep.equal([])
  })

  for (const script of ['names.mjs', 'names.cjs']) {
    it(`gets the documented names from ${script === 'names.mjs' ? 'import' : 'require'}`, async () => {
      const gets = await given(script)
      expect(names).to.include.members(Object.keys(documented))
      for (const [name, expected] of Object.entries(documented))
        expect(gets[name]?.names, name).to.include.members(expected)
      for (const [name, { types }] of Object.entries(gets)) expect(types, name).to.not.include('undefined')
    })
  }

  it('gets the same names from both', async () => {
    const [imported, required] = [await given('names.mjs'), await given('names.cjs')]
    const bindings = ['default', 'module.exports', '__esModule']
    for (const name of names) {
      const wanted = imported[name]!.names.filter((key) => !bindings.includes(key))
      expect(
        required[name]!.names.filter((key) => !bindings.includes(key)),
        name,
      ).to.include.members(wanted)
    }
  })

  it('gets one drop-in for wechat-oauth, however it loads it', async () => {
    expect(await runOrThrow(process.execPath, ['compat.cjs'], { cwd: folder })).to.equal(
      'one class, however it is loaded\n',
    )
  })

  for (const { manifest } of packages.values()) {
    for (const command of Object.keys(manifest.bin ?? {})) {
      it(`can run the command ${command}`, async () => {
        expect(await runOrThrow(join(folder, 'node_modules/.bin', command), ['--help'])).to.contain(command)
      })
    }
  }

  it('reads the version of each package from its package.json', async () => {
    for (const { manifest } of packages.values()) {
      const script = `process.stdout.write(require('${manifest.name}/package.json').version)`
      expect(await runOrThrow(process.execPath, ['--eval', script], { cwd: folder })).to.equal(
        manifest.version,
      )
    }
  })
})
