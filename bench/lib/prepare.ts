import { execFileSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { benchFolder, rootFolder } from './folders.js'

/** Installs the other packages if they are missing or outdated, and builds ours, because users run the builds. */
export function prepare(): void {
  if (!isInstalled())
    npm(['ci', '--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund'], benchFolder)
  npm(['run', '--silent', 'build'], rootFolder)
}

function isInstalled(): boolean {
  // npm writes this file last.
  const installed = `${benchFolder}node_modules/.package-lock.json`
  return (
    existsSync(installed) && statSync(installed).mtimeMs >= statSync(`${benchFolder}package.json`).mtimeMs
  )
}

function npm(args: string[], cwd: string): void {
  execFileSync('npm', args, { cwd, stdio: 'inherit' })
}
