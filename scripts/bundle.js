// Makes of the sources of each package one file for each entry that its package.json names, and others for what entries share:
// Node.js takes longer to find and load many small modules than to run them. The types are tsc's.
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const packages = fileURLToPath(new URL('../packages/', import.meta.url))
const { engines } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
const [, oldestNode] = /^\^([\d.]+)/.exec(engines.node)

await Promise.all(readdirSync(packages).map(bundle))

async function bundle(name) {
  const folder = `${packages}${name}`
  const { exports, bin = {} } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'))
  const built = [...Object.values(exports).map((entry) => entry.default), ...Object.values(bin)].filter(
    (path) => path !== undefined,
  )
  const ofEarlier = readdirSync(`${folder}/dist`, { recursive: true }).filter((file) =>
    /\.js(\.map)?$/.test(file),
  )
  for (const file of ofEarlier) rmSync(`${folder}/dist/${file}`)
  const { warnings } = await build({
    absWorkingDir: folder,
    entryPoints: built.map((path) => path.replace(/^\.\/dist\/(.*)\.js$/, 'src/$1.ts')),
    outbase: 'src',
    outdir: 'dist',
    bundle: true,
    splitting: true,
    chunkNames: 'shared-[hash]',
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: `node${oldestNode}`,
    // Node.js has had it for long; for esbuild it is never complete, and expressions with it would be made anew at each use.
    supported: { 'regexp-unicode-property-escapes': true },
    sourcemap: true,
    sourcesContent: false,
  })
  if (warnings.length > 0) throw new Error(`The bundle of ${name} is not what it should be`)
}
