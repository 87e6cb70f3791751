import { copyFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { root, run, runOrThrow } from '../helpers/run.js'
import { addFixtures, loggedIn, packages, project } from './packed.js'

// One installation of what is published. What else can be tried with it is in the long suite.
describe('an application that installs the packed packages', () => {
  let folder: string

  before(async function () {
    folder = await project(this, [...packages.keys()], ['express@5', 'express-session@1', 'passport@0.7'])
    await addFixtures(folder, 'login.mjs', 'strategy.cjs', 'compat.cjs', 'consumer.ts')
    await copyFile(join(folder, 'consumer.ts'), join(folder, 'consumer.mts'))
  })

  it('logs users in', async () => {
    expect(await runOrThrow(process.execPath, ['login.mjs'], { cwd: folder })).to.equal(loggedIn)
  })

  for (const script of ['strategy.cjs', 'compat.cjs']) {
    it(`gets one class by import and by require: ${script}`, async () => {
      expect(await runOrThrow(process.execPath, [script], { cwd: folder })).to.equal(
        'one class, however it is loaded\n',
      )
    })
  }

  it('compiles in TypeScript', async () => {
    const compilerOptions = {
      module: 'nodenext',
      target: 'es2022',
      strict: true,
      exactOptionalPropertyTypes: true,
      noEmit: true,
      skipLibCheck: false,
    }
    await writeFile(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ compilerOptions, files: ['consumer.mts'] }),
    )
    const tsc = join(root, 'node_modules/typescript/bin/tsc')
    const { code, stdout } = await run(process.execPath, [tsc, '--project', folder], { cwd: folder })
    expect(stdout).to.equal('')
    expect(code).to.equal(0)
  })
})
