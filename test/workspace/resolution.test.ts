import { readdirSync } from 'node:fs'
import { expect } from 'chai'
import { loadedFiles } from '../helpers/loaded.js'
import { root } from '../helpers/run.js'

const isOnSources = process.execArgv.some((argument) => argument.includes('@wechat-auth/source'))
const [folder, entry] = isOnSources ? ['src', 'src/index.ts'] : ['dist', 'dist/index.js']

describe('the tests of this run', () => {
  it(`import the packages from ${folder}, and from nowhere else`, () => {
    const names = readdirSync(`${root}packages`)
    const loaded = loadedFiles(names.map((name) => `@wechat-auth/${name}`))
    expect(loaded).to.include.members(names.map((name) => `${name}/${entry}`))
    expect(
      loaded.filter((file) => !new RegExp(`^[^/]+/(${folder}/|package\\.json$)`).test(file)),
    ).to.deep.equal([])
  })
})
