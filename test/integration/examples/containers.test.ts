import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { startSandbox } from '@wechat-auth/wechat-sandbox'
import { expect } from 'chai'
import { chinese, column, english, readmeOf, tableOf } from '../readme/markdown.js'
import { containerFolder, readImages, readServices } from './containers.js'

// There is no Docker here. `test/dist/smoke.test.ts` runs the commands of the images.
describe('the files of examples/container', () => {
  const services = readServices()
  const images = readImages()
  const program = readFileSync(join(containerFolder, 'app.js'), 'utf8')

  it('publish each port of an image on loopback only', () => {
    for (const { build, ports } of Object.values(services)) {
      const port = images.get(build.target)?.port ?? '?'
      expect(ports).to.deep.equal([`127.0.0.1:${port}:${port}`])
    }
  })

  it('copy files that exist, and install what the application imports', () => {
    const { copied = [] } = images.get('app') ?? {}
    expect(copied).to.have.members(['package.json', 'app.js'])
    expect(copied.every((file) => existsSync(join(containerFolder, file)))).to.be.true
    const { dependencies } = JSON.parse(readFileSync(join(containerFolder, 'package.json'), 'utf8')) as {
      dependencies: object
    }
    const imported = [...program.matchAll(/^import .* from '([^']+)'$/gm)].map(([, name]) => name)
    expect(Object.keys(dependencies)).to.have.members(imported)
  })

  it('name the official account of the sandbox', async () => {
    const sandbox = await startSandbox()
    await sandbox.close()
    const { appId, appSecret } = sandbox.apps.find(({ type }) => type === 'mp')!
    expect(services.app.environment).to.include({ WECHAT_APP_ID: appId, WECHAT_APP_SECRET: appSecret })
  })

  for (const file of [english, chinese]) {
    it(`are described in ${file}, with every variable and its value`, () => {
      const rows = tableOf(readmeOf('examples/container', file), /^(?:What to look at|看哪里)$/, 1)
      const read = [...program.matchAll(/\b(?:[A-Z]+_)+[A-Z]+\b|\bPORT\b/g)].map(([name]) => name)
      expect(column(rows, 0)).to.have.members([...new Set(read)])
      const { WECHAT_PAGES, WECHAT_API, WECHAT_ALLOW_HTTP } = services.app.environment ?? {}
      expect(column(rows, 1)).to.deep.equal([WECHAT_PAGES, WECHAT_API, WECHAT_ALLOW_HTTP])
    })
  }
})
