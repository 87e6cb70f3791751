import { copyFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { root, run } from '../helpers/run.js'
import { addFixtures, packages, project } from './packed.js'

// How TypeScript looks packages up, from the newest way to the one that knows only `main` and `types`; TypeScript 6 wants a word to still use that.
// What exactOptionalPropertyTypes makes of types does not depend on the way, and each run takes seconds: both are tried with the newest.
const resolvers = {
  nodenext: { files: ['consumer.mts', 'consumer.cts', 'require.cts'], options: { module: 'nodenext' }, exact: [true, false] },
  bundler: { files: ['consumer.ts'], options: { module: 'esnext', moduleResolution: 'bundler' }, exact: [false] },
  node10: { files: ['consumer.ts'], options: { module: 'commonjs', moduleResolution: 'node10', ignoreDeprecations: '6.0', esModuleInterop: true }, exact: [true] },
}

describe('an application in TypeScript', function () {
  this.timeout(180_000)

  let folder: string
  before(async function () {
    folder = await project(this, [...packages.keys()])
    await addFixtures(folder, 'consumer.ts', 'require.cts')
    for (const kind of ['mts', 'cts']) await copyFile(join(folder, 'consumer.ts'), join(folder, `consumer.${kind}`))
  })

  for (const [resolver, { files, options, exact }] of Object.entries(resolvers)) {
    for (const exactOptionalPropertyTypes of exact) {
      it(`compiles ${files.join(', ')} by ${resolver}, exactOptionalPropertyTypes ${exactOptionalPropertyTypes ? 'on' : 'off'}`, async () => {
        const config = join(folder, `tsconfig.${resolver}.json`)
        await writeFile(config, JSON.stringify({
          compilerOptions: { ...options, exactOptionalPropertyTypes, target: 'es2022', strict: true, noEmit: true, skipLibCheck: false },
          files,
        }))
        const { code, stdout } = await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '--project', config], { cwd: folder })
        expect(stdout).to.equal('')
        expect(code).to.equal(0)
      })
    }
  }
})
