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
const { status } = spawnSync('npm', ['install', '--prefix', folder, ...flags], {
  cwd: folder,
  stdio: 'inherit',
  shell: process.platform === 'win32',
})
if (status !== 0) process.exit(status ?? 1)

// Decorators need the tsconfig.json of the example.
await tsImport(`${folder}/src/main.ts`, { parentURL: import.meta.url, tsconfig: `${folder}/tsconfig.json` })
