import { once } from 'node:events'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { json } from 'node:stream/consumers'
import { expect } from 'chai'
import { root, runOrThrow } from '../helpers/run.js'

interface Manifest {
  name: string
  version: string
  dependencies?: Record<string, string>
}

interface Published {
  'dist-tags': Record<string, string>
  _attachments: Record<string, { data: string }>
}

const env = {
  NX_DAEMON: 'false',
  GIT_AUTHOR_NAME: 'a',
  GIT_AUTHOR_EMAIL: 'a@example.com',
  GIT_COMMITTER_NAME: 'a',
  GIT_COMMITTER_EMAIL: 'a@example.com',
}

// Lerna's commands in a copy of the workspace that is a separate git repository. Only build output is left behind.
describe('lerna', function () {
  this.timeout(120_000)

  let copy: string
  before(async () => {
    copy = await mkdtemp(join(tmpdir(), 'wechat-auth-lerna-'))
    for (const name of [
      'package.json',
      'package-lock.json',
      'lerna.json',
      'nx.json',
      '.gitignore',
      'tsconfig.json',
      'tsconfig.base.json',
      'tsconfig.package.json',
      'scripts',
      'packages',
      'examples',
    ]) {
      await cp(join(root, name), join(copy, name), {
        recursive: true,
        filter: (path) => !['dist', 'node_modules'].includes(basename(path)),
      })
    }
    await linkDependencies(copy)
    await writeFile(join(copy, '.git-exclude'), 'node_modules\n')
    await runOrThrow('git', ['init', '--quiet'], { cwd: copy })
    await runOrThrow('git', ['-c', `core.excludesFile=${join(copy, '.git-exclude')}`, 'add', '.'], {
      cwd: copy,
    })
    await runOrThrow('git', ['commit', '--quiet', '--message', 'All'], { cwd: copy, env })
  })
  after(() => rm(copy, { recursive: true, force: true }))

  const lerna = (...args: string[]): Promise<string> =>
    runOrThrow(process.execPath, [join(root, 'node_modules/lerna/dist/cli.js'), ...args], { cwd: copy, env })
  const manifest = async (name: string): Promise<Manifest> =>
    JSON.parse(await readFile(join(copy, 'packages', name, 'package.json'), 'utf8')) as Manifest

  it('lists the packages in the order in which they depend on each other', async () => {
    const names = (JSON.parse(await lerna('list', '--toposort', '--json')) as Manifest[]).map(
      ({ name }) => name,
    )
    expect(names).to.include.members([
      '@wechat-auth/wechat-oauth',
      '@wechat-auth/passport-wechat',
      '@wechat-auth/wechat-sandbox',
    ])
    expect(names.indexOf('@wechat-auth/passport-wechat')).to.be.above(
      names.indexOf('@wechat-auth/wechat-oauth'),
    )
  })

  it('gives all packages one new version, even if they name each other', async () => {
    await lerna('version', '7.8.9', '--no-git-tag-version', '--no-push', '--yes')
    expect(await manifest('wechat-oauth')).to.include({ version: '7.8.9' })
    expect(await manifest('passport-wechat'))
      .to.include({ version: '7.8.9' })
      .and.to.have.nested.property('dependencies.@wechat-auth/wechat-oauth', '^7.8.9')
    expect(await manifest('wechat-sandbox')).to.include({ version: '7.8.9' })
  })

  it('publishes every package, freshly built', async () => {
    await runOrThrow('git', ['commit', '--quiet', '--all', '--message', 'Release'], { cwd: copy, env })
    const published = new Map<string, Published>()
    const registry = await startRegistry(published)
    try {
      const { port } = registry.address() as AddressInfo
      await writeFile(join(copy, '.npmrc'), `//127.0.0.1:${port}/:_authToken=none\n`)
      await lerna(
        'publish',
        'from-package',
        '--yes',
        '--no-git-reset',
        '--no-verify-access',
        '--registry',
        `http://127.0.0.1:${port}/`,
      )
    } finally {
      registry.close()
    }
    const folders = await readdir(join(root, 'packages'))
    expect([...published.keys()]).to.have.members(folders.map((folder) => `@wechat-auth/${folder}`))
    for (const [name, { _attachments }] of published) {
      const tarball = join(copy, 'published.tgz')
      await writeFile(tarball, Buffer.from(Object.values(_attachments)[0]!.data, 'base64'))
      expect((await runOrThrow('tar', ['-tf', tarball])).split('\n'), name).to.include.members([
        'package/dist/index.js',
        'package/dist/index.d.ts',
      ])
    }
  })
})

/** What is installed, but for the packages of the workspace, which are those of the copy. */
async function linkDependencies(copy: string): Promise<void> {
  const installed = join(root, 'node_modules')
  const scope = '@wechat-auth'
  await mkdir(join(copy, 'node_modules', scope), { recursive: true })
  for (const name of await readdir(installed)) {
    if (name !== scope) await symlink(join(installed, name), join(copy, 'node_modules', name))
  }
  for (const name of await readdir(join(copy, 'packages')))
    await symlink(join(copy, 'packages', name), join(copy, 'node_modules', scope, name))
}

/** A minimal package registry for publishing: it is empty, and accepts everything. */
async function startRegistry(published: Map<string, Published>): Promise<Server> {
  const server = createServer((request, response) => {
    const answer = (status: number): void =>
      void response.writeHead(status, { 'content-type': 'application/json' }).end('{}')
    if (request.method !== 'PUT') {
      answer(404)
      return
    }
    void json(request).then((body) => {
      published.set(decodeURIComponent(request.url!.slice(1)), body as Published)
      answer(201)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}
