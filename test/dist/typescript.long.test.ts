import { copyFile, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { root, run } from '../helpers/run.js'
import { english, readmeOf } from '../integration/readme/markdown.js'
import { quickStartOf } from '../integration/readme/quick-start.js'
import { addFixtures, installed, packages, project } from './packed.js'
import { readJavaScript, readTypeScript } from './readme-code.js'

const text = readmeOf('packages/passport-wechat', english).paragraphs.join('\n')
const [, oldest = ''] = /TypeScript (\d+\.\d+) or newer/.exec(text) ?? []
const oldestTypeScript = `typescript@${oldest}`
const [, forCommonJS = ''] = /with TypeScript (\d+\.\d+) or newer/.exec(text) ?? []

/** Without esModuleInterop, this is how TypeScript imports what a CommonJS module exports as a whole. */
const asRequire = [/^import (\w+) from ('[^'.]+')$/gm, 'import $1 = require($2)'] as const

// How TypeScript looks packages up, from the newest way to the one that does not know `exports`, which is what
// TypeScript 5 does with `module: commonjs`.
// What exactOptionalPropertyTypes makes of types does not depend on the way, and each run takes seconds: both are tried with the newest.
const resolvers: Record<string, { files: string[]; options: object; exact: boolean[]; compiler?: string }> = {
  nodenext: {
    files: ['consumer.mts', 'consumer.cts', 'require.cts'],
    options: { module: 'nodenext' },
    exact: [true, false],
  },
  bundler: {
    files: ['consumer.ts', 'subpaths.ts'],
    options: { module: 'esnext', moduleResolution: 'bundler' },
    exact: [false],
  },
  node10: {
    files: ['consumer.ts', 'subpaths.ts'],
    options: { module: 'commonjs', esModuleInterop: true },
    exact: [true],
    compiler: oldestTypeScript,
  },
  'node10, esModuleInterop off': {
    files: ['without-interop.ts', 'subpaths.ts'],
    options: { module: 'commonjs', esModuleInterop: false },
    exact: [true],
    compiler: oldestTypeScript,
  },
}

// The JavaScript of the READMEs has no types for parameters, and does not ask whether there is a user or an
// environment variable.
const javascript = { module: 'nodenext', strictNullChecks: false, noImplicitAny: false }

const kinds = ['nodenext', 'node20', 'node18', 'node16']

const onBunSqlite = `
import { Database } from 'bun:sqlite'
import { SqliteSessionStore, SqliteTokenStore, SqliteUserStore } from '@wechat-auth/store-sqlite'

const database = new Database(':memory:')
new SqliteTokenStore({ database })
new SqliteSessionStore({ database })
new SqliteUserStore({ database })
`

/** A file that imports each entry of each package. Resolvers that do not know `exports` follow `typesVersions`. */
function everySubpath(): string {
  const names = [...packages.values()].flatMap(({ manifest: { name, exports } }) =>
    Object.keys(exports).map((subpath) => name + subpath.slice(1)),
  )
  return names.map((name, i) => `import * as entry${i} from '${name}'\nexport { entry${i} }\n`).join('')
}

/**
 * Compiles files of a project strictly, the declarations of all packages included; returns what the compiler prints.
 *
 * @param from - the folder whose compiler is used
 */
async function complaints(folder: string, files: string[], options: object, from = root): Promise<string> {
  const config = join(folder, 'tsconfig.json')
  const strictly = {
    target: 'es2022',
    strict: true,
    skipLibCheck: false,
    resolveJsonModule: true,
    noEmit: true,
  }
  await writeFile(config, JSON.stringify({ compilerOptions: { ...strictly, ...options }, files }))
  const compiler = join(from, 'node_modules/typescript/bin/tsc')
  const { code, stdout } = await run(process.execPath, [compiler, '--project', config], { cwd: folder })
  expect(code).to.equal(stdout === '' ? 0 : 2)
  return stdout
}

/** Compiles files as `complaints` does, and expects none. */
async function compile(...parameters: Parameters<typeof complaints>): Promise<void> {
  expect(await complaints(...parameters)).to.equal('')
}

/** Writes files into a project; resolves to their names. */
async function addFiles(folder: string, files: Record<string, string>): Promise<string[]> {
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  return Object.keys(files)
}

function readmeCode(): Record<string, string> {
  return readJavaScript('packages/passport-wechat', 'packages/wechat-session')
}

describe('an application in TypeScript', function () {
  this.timeout(180_000)

  let folder: string
  before(async function () {
    folder = await project(
      this,
      [...packages.keys()],
      ['@types/express-session', oldestTypeScript, `typescript-for-commonjs@npm:typescript@${forCommonJS}`],
    )
    await addFixtures(folder, 'consumer.ts', 'require.cts')
    for (const kind of ['mts', 'cts'])
      await copyFile(join(folder, 'consumer.ts'), join(folder, `consumer.${kind}`))
    const consumer = await readFile(join(folder, 'consumer.ts'), 'utf8')
    await addFiles(folder, {
      'subpaths.ts': everySubpath(),
      'without-interop.ts': consumer.replace(...asRequire),
    })
  })

  for (const [resolver, { files, options, exact, compiler }] of Object.entries(resolvers)) {
    for (const exactOptionalPropertyTypes of exact) {
      const exactly = `exactOptionalPropertyTypes ${exactOptionalPropertyTypes ? 'on' : 'off'}`
      const how = [resolver, exactly, ...(compiler === undefined ? [] : [compiler])].join(', ')
      it(`compiles ${files.join(', ')} by ${how}`, async () => {
        const from = compiler === undefined ? root : folder
        await compile(folder, files, { ...options, exactOptionalPropertyTypes }, from)
      })
    }
  }

  it('compiles the code of the READMEs', async () => {
    await compile(folder, await addFiles(folder, readmeCode()), javascript)
  })

  it('compiles the quick start with and without esModuleInterop', async () => {
    const files = await addFiles(folder, {
      'quick-start.mts': quickStartOf(readmeOf('.', english)).program,
    })
    for (const esModuleInterop of [true, false])
      await compile(folder, files, { module: 'nodenext', esModuleInterop }, folder)
  })

  describe('of CommonJS', () => {
    let compiler: string
    before(async () => {
      compiler = join(folder, 'compiler')
      await mkdir(join(compiler, 'node_modules'), { recursive: true })
      await symlink(
        join(folder, 'node_modules/typescript-for-commonjs'),
        join(compiler, 'node_modules/typescript'),
      )
    })

    for (const module of kinds) {
      const isAllowed = text.includes(`\`module: ${module}\``)
      it(`${isAllowed ? 'compiles' : 'is refused'} with module: ${module}`, async () => {
        const printed = await complaints(folder, ['require.cts'], { module }, compiler)
        if (isAllowed) expect(printed).to.equal('')
        else
          expect(printed).to.match(
            /^require\.cts.*ES(?:CMAScript)? module.*cannot be imported with 'require'/m,
          )
      })
    }

    it('needs esModuleInterop with module: commonjs', async () => {
      const commonJS = { module: 'commonjs', moduleResolution: 'node10' }
      await compile(folder, ['consumer.ts'], { ...commonJS, esModuleInterop: true }, compiler)
      expect(await complaints(folder, ['consumer.ts'], commonJS, compiler)).to.contain('esModuleInterop')
    })
  })
})

describe('an application in TypeScript with Express 4', function () {
  this.timeout(180_000)

  let folder: string
  before(async function () {
    const ours = ['wechat-oauth', 'passport-wechat', 'wechat-session', 'wechat-sandbox']
    folder = await project(this, ours, ['@types/express@4', '@types/express-session'])
  })

  it('gets no other types of Express than its own', async () => {
    const all = Object.entries(await installed(folder))
    const copies = all.filter(([path]) => path.endsWith('node_modules/@types/express'))
    const versions = copies.map(([path, { version }]) => [path, version.replace(/\..*/, '')])
    expect(versions).to.deep.equal([['node_modules/@types/express', '4']])
  })

  it('compiles consumer.mts', async () => {
    await addFixtures(folder, 'consumer.ts')
    await copyFile(join(folder, 'consumer.ts'), join(folder, 'consumer.mts'))
    await compile(folder, ['consumer.mts'], { module: 'nodenext' })
  })

  it('compiles the code of the READMEs', async () => {
    await compile(folder, await addFiles(folder, readmeCode()), javascript)
    const typescript = { 'readme.mts': readTypeScript('packages/passport-wechat') }
    await compile(folder, await addFiles(folder, typescript), { module: 'nodenext' })
  })
})

describe('an application in TypeScript for Bun', function () {
  this.timeout(180_000)

  it('can give a database of bun:sqlite to the stores', async function () {
    const folder = await project(this, ['wechat-oauth', 'store-sqlite'], ['@types/bun@~1.4.0'])
    const files = await addFiles(folder, { 'bun.mts': onBunSqlite })
    await compile(folder, files, { module: 'nodenext', types: ['bun'] })
  })
})
