import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect } from 'chai'
import {
  sessionStoreCases,
  testSessionStore,
  testUserStore,
  tokenStoreCases,
  userStoreCases,
  type Capability,
} from '@wechat-auth/store-conformance'
import {
  ReferenceSessionStore,
  ReferenceUserStore,
  SessionBackend,
  emptyUsers,
} from '../../unit/store-conformance/reference-session-store.js'
import { Backend } from '../../unit/store-conformance/reference-store.js'
import { root, run } from '../../helpers/run.js'
import { blockOf, codeIn, english, readmeOf } from './markdown.js'
import { runPart } from './running.js'

const reference = pathToFileURL(join(root, 'test/unit/store-conformance/reference-store.ts')).href

/** What the README's reader has: a store, and a database with a server. */
const own: Record<string, string> = {
  'my-token-store.js': `export { ReferenceStore as MyTokenStore } from '${reference}'`,
  'my-database.js': `
    import { Backend } from '${reference}'
    export const database = new Backend()
    database.put = (key, text) => database.write(key, text)
    export const otherConnection = database
    export const server = { stop: () => { database.isDown = true }, start: () => { database.isDown = false } }
  `,
}

describe('the README of store-conformance', function () {
  this.timeout(120_000)

  const readme = readmeOf('packages/store-conformance', english)
  let folder: string

  before(async () => {
    const cache = join(root, 'node_modules/.cache')
    await mkdir(cache, { recursive: true })
    folder = await mkdtemp(join(cache, 'readme-'))
    for (const [name, code] of Object.entries(own)) await writeFile(join(folder, name), code)
  })

  after(() => rm(folder, { recursive: true, force: true }))

  const runInFolder = async (
    code: string,
    ...flags: string[]
  ): Promise<{ code: number | null; stdout: string }> => {
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
    await writeFile(join(folder, 'example.test.js'), code)
    const {
      code: status,
      stdout,
      stderr,
    } = await run(process.execPath, [...process.execArgv, ...flags, join(folder, 'example.test.js')], {
      env: { NODE_TEST_CONTEXT: undefined },
    })
    return { code: status, stdout: stdout + stderr }
  }

  it("tests a store of one's own in ten lines and a few", async () => {
    const { code, stdout } = await runInFolder(
      blockOf(readme, /^@wechat-auth/),
      '--test',
      '--test-reporter=tap',
    )
    const skipped = tokenStoreCases.filter(
      ({ needs }) => needs.includes('expiry') || needs.includes('abandonLock'),
    ).length
    expect(stdout).to.match(/^# fail 0$/m)
    expect(stdout)
      .to.contain(`# pass ${tokenStoreCases.length - skipped}\n`)
      .and.to.contain(`# skipped ${skipped}\n`)
    expect(code).to.equal(0)
  })

  it('runs the cases as data', async () => {
    const imports = `
      import { MyTokenStore } from './my-token-store.js'
      import { database } from './my-database.js'
      const capabilities = ['second', 'corrupt', 'outages', 'expiry', 'abandonLock']
      const harness = { create: () => new MyTokenStore(database), without: Object.fromEntries(capabilities.map((name) => [name, 'not here'])) }
    `
    const { stdout } = await runInFolder(`${imports}\n${blockOf(readme, /^As data$/)}`)
    expect(stdout).to.contain('replaces the record instead of merging passed\n')
    expect(stdout).to.contain('rejects when the record is corrupt not here\n')
  })

  it('tests a session store and a user store', async () => {
    const database = Object.assign(new SessionBackend(), {
      put: (hash: string, text: string) => database.records.set(hash, { text, expiresAt: Infinity }),
      sleep: (ms: number) => {
        database.ahead += ms
      },
    })
    const users = Object.assign(new Backend(), emptyUsers())
    const cases: (() => Promise<void>)[] = []
    const skipped: string[] = []
    const it = Object.assign((_title: string, body: () => Promise<void>) => cases.push(body), {
      skip: (title: string) => skipped.push(title),
    })
    const describe = (_title: string, body: () => void): void => body()
    await runPart(blockOf(readme, /^Sessions and users$/), {
      testSessionStore: (title: string, harness: Parameters<typeof testSessionStore>[1]) =>
        testSessionStore(title, harness, { describe, it }),
      testUserStore: (title: string, harness: Parameters<typeof testUserStore>[1]) =>
        testUserStore(title, harness, { describe, it }),
      MySessionStore: ReferenceSessionStore,
      MyUserStore: ReferenceUserStore,
      database,
      otherConnection: database,
      server: {
        stop: () => {
          database.isDown = true
        },
        start: () => {
          database.isDown = false
        },
      },
      users,
      otherUsers: users,
    })
    expect(skipped).to.have.length(2)
    expect(cases.length + skipped.length).to.equal(sessionStoreCases.length + userStoreCases.length)
    for (const body of cases) await body()
  })

  it('names every member of a harness, and everything that may be absent', () => {
    const members = readme.tables.find(({ heading }) => heading === 'The harness')!.rows.slice(1)
    const needs = new Set<Capability>(tokenStoreCases.flatMap((testCase) => testCase.needs))
    expect(codeIn(members.at(-1)![1]!)).to.have.members([...needs])
    for (const capability of needs) {
      if (capability === 'deleteToken' || capability === 'withLock') continue
      expect(
        members.some(([name]) => codeIn(name!)[0]?.startsWith(capability)),
        capability,
      ).to.equal(true)
    }
  })
})
