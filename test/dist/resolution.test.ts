import { expect } from 'chai'
import { loadedFiles } from '../helpers/loaded.js'
import { packages } from './packed.js'

describe('the tests of this run', () => {
  it('import the built packages and no sources', () => {
    const loaded = loadedFiles([...packages.values()].map(({ manifest }) => manifest.name))
    expect(loaded).to.include.members([...packages.keys()].map((name) => `${name}/dist/index.js`))
    expect(loaded.filter((file) => !/^[^/]+\/(dist\/|package\.json$)/.test(file))).to.deep.equal([])
  })
})
