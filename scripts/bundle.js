// Bundles each package: one file per entry in its package.json, and files for the code that entries share. Node.js takes longer to
// find and load many small modules than to run them. tsc emits the types.
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const packages = fileURLToPath(new URL('../packages/', import.meta.url))
const { engines } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
const [, oldestNode] = /^\^([\d.]+)/.exec(engines.node)

/** The sources read the scripts of the sandbox's pages from files. Bundles contain them: Jest, with CommonJS, has no `import.meta`. */
const inlineBrowserScripts = {
  name: 'inline-browser-scripts',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]src[\\/]browser-script\.ts$/ }, ({ path }) => {
      const folder = join(dirname(path), '../browser')
      const scripts = readdirSync(folder)
        .filter((file) => file.endsWith('.js'))
        .map((file) => [
          basename(file, '.js'),
          readFileSync(join(folder, file), 'utf8').replaceAll('\r\n', '\n'),
        ])
      return {
        contents: `
          const scripts = ${JSON.stringify(Object.fromEntries(scripts))}
          export function readBrowserScript(name) { return scripts[name] }
        `,
      }
    })
  },
}

await Promise.all(readdirSync(packages).map(bundle))

async function bundle(name) {
  const folder = `${packages}${name}`
  const { exports, bin = {} } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'))
  const built = [...Object.values(exports).map((entry) => entry.default), ...Object.values(bin)].filter(
    (path) => path !== undefined,
  )
  const formerFiles = readdirSync(`${folder}/dist`, { recursive: true }).filter((file) =>
    /\.js(\.map)?$/.test(file),
  )
  for (const file of formerFiles) rmSync(`${folder}/dist/${file}`)
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
    // Node.js supports it, but esbuild thinks not, and would compile each such expression again at every use.
    supported: { 'regexp-unicode-property-escapes': true },
    sourcemap: true,
    sourcesContent: false,
    plugins: [inlineBrowserScripts],
  })
  if (warnings.length > 0) throw new Error(`esbuild has warnings about ${name}`)
}
