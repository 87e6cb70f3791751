import { copyFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { root, run, runOrThrow } from '../helpers/run.js'
import { english, readmeOf } from '../integration/readme/markdown.js'
import { logIn, quickStartOf } from '../integration/readme/quick-start.js'
import { startApplication, startContainers, statusOf } from './containers.js'
import { addFixtures, packages, project } from './packed.js'

const quickStart = quickStartOf(readmeOf('.', english))
const containerReadme = readmeOf('examples/container', english)
  .blocks.map(({ code }) => code)
  .join('\n')

// One installation of what is published. What else can be tried with it is in the long suite.
describe('an application that installs the packed packages', () => {
  let folder: string

  before(async function () {
    const others = ['express@5', 'express-session@1', 'passport@0.7', '@types/express-session@1']
    folder = await project(this, [...packages.keys()], others)
    await addFixtures(folder, 'strategy.cjs', 'compat.cjs', 'consumer.ts')
    await copyFile(join(folder, 'consumer.ts'), join(folder, 'consumer.mts'))
  })

  it('runs the quick start of the README as it is pasted, and logs a user in', async () => {
    await writeFile(join(folder, quickStart.file), quickStart.program)
    const running = await startApplication(folder, quickStart.file)
    try {
      const { link, user } = await logIn(running.url)
      expect(link).to.equal('Log in with WeChat')
      expect(user).to.have.property('name', '爱丽丝')
      expect(running.printed()).to.equal(`Open ${running.url}\n`)
    } finally {
      await running.stop()
    }
  })

  it('runs the commands of examples/container, whose application reaches the sandbox by another name', async () => {
    const { app, wechat, stop } = await startContainers(folder)
    try {
      expect((await logIn(app.url)).user).to.have.property('name', '爱丽丝')
      expect(app.printed().match(/WechatOAuthWarning: allowInsecureEndpoints/g)).to.have.length(1)
      const controls = `${wechat}/__sandbox/info`
      expect(await statusOf(controls, {})).to.equal(403)
      const [, host = ''] = /-H 'Host: (\w+)'/.exec(containerReadme) ?? []
      expect(await statusOf(controls, { host })).to.equal(200)
    } finally {
      await stop()
    }
  })

  for (const script of ['strategy.cjs', 'compat.cjs']) {
    it(`gets one class by import and by require: ${script}`, async () => {
      expect(await runOrThrow(process.execPath, [script], { cwd: folder })).to.equal(
        'one class, however it is loaded\n',
      )
    })
  }

  it('compiles in TypeScript, the quick start too', async () => {
    const compilerOptions = {
      module: 'nodenext',
      target: 'es2022',
      strict: true,
      exactOptionalPropertyTypes: true,
      noEmit: true,
      skipLibCheck: false,
    }
    await writeFile(join(folder, 'quick-start.mts'), quickStart.program)
    await writeFile(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ compilerOptions, files: ['consumer.mts', 'quick-start.mts'] }),
    )
    const tsc = join(root, 'node_modules/typescript/bin/tsc')
    const { code, stdout } = await run(process.execPath, [tsc, '--project', folder], { cwd: folder })
    expect(stdout).to.equal('')
    expect(code).to.equal(0)
  })
})
