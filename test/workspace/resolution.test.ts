import { readdirSync } from 'node:fs'
import { expect } from 'chai'
import { loadedFiles } from '../helpers/loaded.js'
import { root } from '../helpers/run.js'

describe('the tests of this run', () => {
  it('import the sources of the packages, and nothing built', () => {
    const names = readdirSync(`${root}packages`)
    const loaded = loadedFiles(names.map((name) => `@wechat-auth/${name}`))
    expect(loaded).to.include.members(names.map((name) => `${name}/src/index.ts`))
    expect(loaded.filter((file) => !/^[^/]+\/(src\/|package\.json$)/.test(file))).to.deep.equal([])
  })
})
