import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { expect } from 'chai'
import { packages, tarballs } from './packed.js'

for (const [name, { folder, manifest }] of packages) {
  describe(`the tarball of ${name}`, function () {
    this.timeout(60_000)

    let files: string[]
    before(async () => { files = (await tarballs()).get(name)!.files })
    const missing = (...wanted: string[]): string[] => wanted.filter((file) => !files.includes(file))

    it('holds what it is, under which licence, and how to use it in two languages', () => {
      expect(missing('package.json', 'LICENSE', 'README.md', 'README.zh-CN.md')).to.deep.equal([])
    })

    it('holds code, types, and maps that lead to sources in it', () => {
      const modules = files.filter((file) => /^src\/.*\.ts$/.test(file)).map((file) => file.slice('src/'.length, -'.ts'.length))
      expect(modules).to.include('index')
      const built = modules.flatMap((module) => ['.js', '.js.map', '.d.ts', '.d.ts.map'].map((end) => `dist/${module}${end}`))
      expect(missing(...built)).to.deep.equal([])
    })

    it('holds nothing built from a source that is gone', () => {
      const stale = files.filter((file) => file.startsWith('dist/') && !existsSync(`${folder}${file.replace(/^dist\//, 'src/').replace(/(\.d\.ts|\.js)(\.map)?$/, '.ts')}`))
      expect(stale, 'run `npm run clean`').to.deep.equal([])
    })

    it('holds nothing else', () => {
      const documents = ['package.json', 'LICENSE', 'README.md', 'README.zh-CN.md']
      expect(files.filter((file) => !/^(?:(?:dist|src)\/|docs\/[\w.-]+\.md$)/.test(file) && !documents.includes(file))).to.deep.equal([])
      expect(files.filter((file) => /tsbuildinfo|\btest|\.env/.test(file))).to.deep.equal([])
    })

    it('holds what its READMEs link to in its own folder', () => {
      const linked = ['README.md', 'README.zh-CN.md'].flatMap((file) => [...readFileSync(`${folder}${file}`, 'utf8').matchAll(/\]\((docs\/[^)#]+)/g)].map(([, path = '']) => path))
      expect(missing(...linked)).to.deep.equal([])
    })

    it('holds each file that package.json names', () => {
      const named = Object.values(manifest.bin ?? {}).map((path) => path.replace(/^\.\//, ''))
      expect(missing('dist/index.js', 'dist/index.d.ts', ...named)).to.deep.equal([])
    })
  })
}

describe('the workspace', () => {
  it('has its licence in every package', () => {
    expect(readdirSync(new URL('../../', import.meta.url))).to.include('LICENSE')
    for (const { folder } of packages.values()) expect(existsSync(`${folder}LICENSE`), folder).to.equal(true)
  })
})
