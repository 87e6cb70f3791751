import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, normalize } from 'node:path'
import { expect } from 'chai'
import { packages, tarballs, type Manifest } from './packed.js'

for (const [name, { folder, manifest }] of packages) {
  describe(`the tarball of ${name}`, function () {
    this.timeout(60_000)

    let files: string[]
    before(async () => {
      files = (await tarballs()).get(name)!.files
    })
    const missing = (...wanted: string[]): string[] => wanted.filter((file) => !files.includes(file))

    it('holds what it is, under which licence, and how to use it in two languages', () => {
      expect(missing('package.json', 'LICENSE', 'README.md', 'README.zh-CN.md')).to.deep.equal([])
    })

    it('holds the types of each module, and code for each entry', () => {
      const modules = files
        .filter((file) => /^src\/.*\.ts$/.test(file))
        .map((file) => file.slice('src/'.length, -'.ts'.length))
      expect(modules).to.include('index')
      expect(missing(...modules.map((module) => `dist/${module}.d.ts`))).to.deep.equal([])
      expect(missing(...listEntries(manifest))).to.deep.equal([])
    })

    it('holds a map of each file that was built, to sources that it holds as well', () => {
      const built = files.filter((file) => /^dist\/.*\.(js|d\.ts)$/.test(file))
      expect(missing(...built.map((file) => `${file}.map`))).to.deep.equal([])
      const sources = built.flatMap((file) => {
        const map = JSON.parse(readFileSync(`${folder}${file}.map`, 'utf8')) as { sources: string[] }
        return map.sources.map((source) => normalize(`${dirname(file)}/${source}`))
      })
      expect(missing(...sources), 'run `npm run clean`').to.deep.equal([])
    })

    it('calls its classes what the sources call them', () => {
      const built = files
        .filter((file) => /^dist\/.*\.js$/.test(file))
        .flatMap((file) => classesIn(readFileSync(`${folder}${file}`, 'utf8')))
      const written = files
        .filter((file) => /^src\/.*\.ts$/.test(file))
        .flatMap((file) => classesIn(readFileSync(`${folder}${file}`, 'utf8')))
      expect(written).to.include.members(built)
      expect(built.length).to.equal(new Set(written).size)
    })

    it('holds nothing else', () => {
      const documents = ['package.json', 'LICENSE', 'README.md', 'README.zh-CN.md']
      expect(
        files.filter(
          (file) => !/^(?:dist|src)\/|^browser\/\w[\w-]*\.js$/.test(file) && !documents.includes(file),
        ),
      ).to.deep.equal([])
      expect(files.filter((file) => /tsbuildinfo|\btest|\.env/.test(file))).to.deep.equal([])
    })

    it('holds what its READMEs link to in its own folder', () => {
      const linked = ['README.md', 'README.zh-CN.md'].flatMap((file) =>
        [...readFileSync(`${folder}${file}`, 'utf8').matchAll(/\]\((?!\.\.\/|[a-z]+:)([^)#]+)/g)].map(
          ([, path = '']) => path,
        ),
      )
      expect(missing(...linked)).to.deep.equal([])
    })
  })
}

/** All built files that package.json names. */
function listEntries({ main, types, exports, bin = {} }: Manifest): string[] {
  const ofExports = Object.values(exports).flatMap((entry) =>
    typeof entry === 'string' ? [] : [entry.types, entry.default],
  )
  return [main, types, ...ofExports, ...Object.values(bin)].map(normalize)
}

/** Names of the classes of a module, also of those that a bundle keeps in variables. */
function classesIn(code: string): string[] {
  const classes = code.matchAll(
    /^(?:export )?(?:class|var (?<variable>\w+) = class)(?: (?!extends\b)(?<name>\w+))?/gm,
  )
  return [...classes].map(({ groups }) => groups?.name ?? groups?.variable ?? '')
}

describe('the workspace', () => {
  it('has its licence in every package', () => {
    expect(readdirSync(new URL('../../', import.meta.url))).to.include('LICENSE')
    for (const { folder } of packages.values()) expect(existsSync(`${folder}LICENSE`), folder).to.equal(true)
  })
})
