// Runs the example of a framework: installs what it needs into its own folder, then starts it in this process.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { tsImport } from 'tsx/esm/api'

const examples = fileURLToPath(new URL('../examples/', import.meta.url))
const [name = ''] = process.argv.splice(2, 1)
// The other examples are workspaces of the root.
const names = readdirSync(examples).filter((one) => existsSync(`${examples}${one}/src/main.ts`))

if (!names.includes(name)) {
  console.error(`Usage: npm run example -- ${names.join('|')} [--port <number>] [--sandbox-port <number>]`)
  process.exit(1)
}
const folder = `${examples}${name}`
const flags = ['--no-package-lock', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error']
npm(folder, 'install', '--prefix', folder, ...flags)
// Next.js does not load the sources of the packages, as Node.js does here. After a change in them, run `npm run build`.
const root = fileURLToPath(new URL('..', import.meta.url))
if (name === 'next' && !existsSync(`${root}packages/passport-wechat/dist/web.js`))
  npm(root, 'run', '--silent', 'build')

function npm(cwd, ...parameters) {
  const { status } = spawnSync('npm', parameters, {
    cwd,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  })
  if (status !== 0) process.exit(status ?? 1)
}

// Decorators need the tsconfig.json of the example.
await tsImport(`${folder}/src/main.ts`, { parentURL: import.meta.url, tsconfig: `${folder}/tsconfig.json` })
