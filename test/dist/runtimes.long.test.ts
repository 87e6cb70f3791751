import { join } from 'node:path'
import { expect } from 'chai'
import type { Context } from 'mocha'
import { run } from '../helpers/run.js'
import { chinese, english, read, tableOf } from '../integration/readme/markdown.js'
import { sharedMariadb } from '../services/mariadb.js'
import { sharedMongo } from '../services/mongo.js'
import { sharedRedis } from '../services/redis.js'
import { bun, deno, findRuntime, node, type Runtime } from '../services/runtimes.js'
import { addFixtures, loggedIn, packages, project } from './packed.js'

interface Driver {
  name: string
  /** The kinds of stores that it has. */
  stores: readonly string[]
  /** The address of a server; a file if it is missing. */
  url?: (context: Context) => Promise<string>
}

const memory: Driver = { name: 'memory', stores: ['tokens'] }
const libsql = sqlite('libsql')
const servers: Driver[] = [
  { name: 'redis', stores: ['tokens', 'sessions'], url: async (context) => (await sharedRedis(context)).url },
  { name: 'mysql2', stores: ['tokens'], url: async (context) => (await sharedMariadb(context)).url },
  { name: 'mongoose', stores: ['tokens'], url: async (context) => (await sharedMongo(context)).url },
]

function sqlite(name: string): Driver {
  return { name, stores: ['tokens', 'sessions', 'users'] }
}

// The tests on the builds try all stores on Node.js. Here are its oldest versions, which have no node:sqlite.
const matrix: { runtime: Runtime; drivers: readonly Driver[]; hidesConnections?: true }[] = [
  { runtime: node('20.19.0'), drivers: [memory, libsql] },
  { runtime: node('22.12.0'), drivers: [memory, libsql] },
  { runtime: bun, drivers: [memory, ...servers, libsql, sqlite('node:sqlite'), sqlite('bun:sqlite')] },
  // The errors of Deno's fetch do not say whether there was a connection.
  { runtime: deno, drivers: [memory, ...servers, libsql, sqlite('node:sqlite')], hidesConnections: true },
]

/** What `faults.mjs` prints, except for the outcome of the last attempt. */
const outcomes = [
  'hang: ERR_WECHAT_TIMEOUT',
  'reset: ERR_WECHAT_NETWORK',
  'truncate: ERR_WECHAT_NETWORK',
  'status 502: ERR_WECHAT_STATUS',
  'redirect: ERR_WECHAT_STATUS',
  'no JSON: ERR_WECHAT_RESPONSE',
  'a large body: ERR_WECHAT_RESPONSE',
  'a slow body: ERR_WECHAT_TIMEOUT',
  'an errcode: ERR_WECHAT_API',
  'no connection: ERR_WECHAT_NETWORK',
  'no connection, another host',
]

for (const page of [english, chinese]) {
  describe(`the table of runtimes in ${page}`, () => {
    it('names the versions that are tested', () => {
      const rows = tableOf(read(page), /^(?:Runtimes|运行环境)$/)
      for (const { name } of [bun, deno]) {
        const [program, version] = name.split(' ')
        const [, versions] = rows.find(([first]) => first === program) ?? []
        expect(versions).to.match(new RegExp(`(?:with|用于) ${version}$`))
      }
    })
  })
}

describe('an application that installs the packed packages', function () {
  this.timeout(300_000)

  let folder: string
  before(async function () {
    folder = await project(
      this,
      [...packages.keys()],
      ['express@5', 'express-session@1', 'passport@0.7', 'libsql@0.5', 'redis@6', 'mysql2@3', 'mongoose@9'],
    )
    await addFixtures(
      folder,
      'names.mjs',
      'names.cjs',
      'strategy.cjs',
      'compat.cjs',
      'login.mjs',
      'faults.mjs',
      'stores.mjs',
    )
  })

  for (const { runtime, drivers, hidesConnections = false } of matrix) {
    describe(`on ${runtime.name}`, () => {
      let path: string
      before(async function () {
        path = await findRuntime(this, runtime)
      })

      /** Runs one of the fixtures, which must succeed. @returns what it prints */
      async function print(script: string, ...args: string[]): Promise<string> {
        const { code, stdout, stderr } = await run(path, [...runtime.args, script, ...args], { cwd: folder })
        expect(code, `${stdout}\n${stderr}`).to.equal(0)
        return stdout
      }

      it('gets the same names by import and by require', async () => {
        const names = [...packages.values()].flatMap(({ manifest: { name, exports } }) =>
          Object.keys(exports)
            .filter((entry) => !entry.endsWith('.json'))
            .map((entry) => name + entry.slice(1)),
        )
        const [imported, required] = [await given('names.mjs', names), await given('names.cjs', names)]
        expect(Object.keys(imported)).to.deep.equal(names)
        for (const name of names) {
          expect(imported[name], name).to.not.be.empty
          expect(required[name], name).to.include.members(imported[name]!)
        }
      })

      async function given(script: string, names: string[]): Promise<Record<string, string[]>> {
        const all = JSON.parse(await print(script, ...names)) as Record<string, { names: string[] }>
        const bindings = ['default', 'module.exports', '__esModule']
        return Object.fromEntries(
          Object.entries(all).map(([name, exported]) => [
            name,
            exported.names.filter((key) => !bindings.includes(key)),
          ]),
        )
      }

      for (const script of ['strategy.cjs', 'compat.cjs']) {
        it(`gets one class by import and by require: ${script}`, async () => {
          expect(await print(script)).to.equal('one class, however it is loaded\n')
        })
      }

      it('logs users in', async () => {
        expect(await print('login.mjs')).to.equal(loggedIn)
      })

      it('gets typed errors without secrets from failed calls', async () => {
        const afterNoConnection = hidesConnections ? 'ERR_WECHAT_NETWORK' : 'logged in'
        expect(await print('faults.mjs')).to.equal(`${outcomes.join('\n')}: ${afterNoConnection}\n`)
      })

      for (const { name, stores, url } of drivers) {
        it(`keeps ${stores.join(', ')} with ${name}`, async function () {
          const address = await url?.(this)
          const file = join(folder, `${runtime.spec}-${name.replace(':', '-')}.db`)
          const printed = await print('stores.mjs', name, address ?? file)
          expect(printed).to.match(
            new RegExp(`^${stores.map((kind) => `${kind}: [1-9]\\d* passed\n`).join('')}$`),
          )
        })
      }
    })
  }
})
