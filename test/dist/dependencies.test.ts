import { readdirSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { expect } from 'chai'
import ts from 'typescript'
import { packages } from './packed.js'

// Packages that need WeChat's client import wechat-oauth. No other package is imported.
const arrows: Record<string, string[]> = { 'passport-wechat': ['wechat-oauth'] }

/** Names of the packages that the built files with this ending import. */
function imported(folder: string, ending: string): string[] {
  const files = readdirSync(`${folder}dist`, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith(ending),
  )
  const specifiers = files.flatMap((file) =>
    ts
      .preProcessFile(readFileSync(`${folder}dist/${file}`, 'utf8'), true, true)
      .importedFiles.map(({ fileName }) => fileName),
  )
  const names = specifiers
    .filter((specifier) => !specifier.startsWith('.') && !isBuiltin(specifier))
    .map((specifier) =>
      specifier
        .split('/')
        .slice(0, specifier.startsWith('@') ? 2 : 1)
        .join('/'),
    )
  return [...new Set(names)]
}

function imports(folder: string): { code: string[]; types: string[] } {
  return { code: imported(folder, '.js'), types: imported(folder, '.d.ts') }
}

for (const [name, { folder, manifest }] of packages) {
  describe(`package.json of ${name}`, () => {
    const declared = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })
    const { code, types } = imports(folder)

    it('declares each package that the code imports', () => {
      expect(declared).to.include.members(code)
    })

    it('declares each package that the types import, or its types', () => {
      expect(
        types.filter(
          (imported) => !declared.includes(imported) && !declared.includes(toTypesPackage(imported)),
        ),
      ).to.deep.equal([])
    })

    it('declares no package that nothing imports', () => {
      const used = [...code, ...types].flatMap((imported) => [imported, toTypesPackage(imported)])
      // A peer may be what the caller's objects are made by.
      expect(
        Object.keys(manifest.dependencies ?? {}).filter((dependency) => !used.includes(dependency)),
      ).to.deep.equal([])
    })

    it('depends on other packages of the workspace only in the direction of the arrows, at their version', () => {
      const allowed =
        name.startsWith('store-') || name === 'wechat-session' ? ['wechat-oauth'] : (arrows[name] ?? [])
      const ours = declared.filter((dependency) => dependency.startsWith('@wechat-auth/'))
      expect(
        ours.filter((dependency) => !allowed.includes(dependency.slice('@wechat-auth/'.length))),
      ).to.deep.equal([])
      for (const dependency of ours) {
        const { version } = packages.get(dependency.slice('@wechat-auth/'.length))!.manifest
        expect(manifest.dependencies?.[dependency]).to.equal(`^${version}`)
      }
    })

    if (name === 'store-conformance')
      it('imports only types from other packages', () => {
        expect(code).to.deep.equal([])
      })

    it('runs nothing at installation', () => {
      const { scripts = {} } = manifest as { scripts?: Record<string, string> }
      expect(scripts).to.not.have.any.keys('preinstall', 'install', 'postinstall', 'prepare')
    })
  })
}

function toTypesPackage(name: string): string {
  return `@types/${name.replace(/^@(.*)\//, '$1__')}`
}
