import { constants } from 'node:fs'
import { access, readFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { chromium, type Browser, type LaunchOptions } from 'playwright-core'
import type { Context } from 'mocha'
import { run } from './run.js'
import { skipBecause } from './skip.js'

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
const packages = ['chromium', 'fonts-noto-cjk', 'fonts-noto-color-emoji']
const args = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
]

let found: Promise<string | { missing: string }> | undefined

/**
 * Starts the Chromium of this machine; the caller closes it. Where there is none, Debian's is installed if this process may do so,
 * and otherwise the test, or from a `before` hook its suite, is skipped with what to do about it.
 */
export async function launchBrowser(context: Context, options: LaunchOptions = {}): Promise<Browser> {
  // The first search of a process may install, which takes as long as the line is slow.
  if (found === undefined) context.timeout(0)
  const executablePath = await (found ??= findOrInstall())
  if (typeof executablePath !== 'string') return skipBecause(context, executablePath.missing)
  return chromium.launch({ ...options, executablePath, args: [...args, ...options.args ?? []] })
}

/** Installs Chromium where there is none and this process may do so. Answers where it is, or why there is none. */
export async function findBrowser(): Promise<string> {
  const path = await findOrInstall()
  return typeof path === 'string' ? path : path.missing
}

async function findOrInstall(): Promise<string | { missing: string }> {
  const path = await find() ?? await install()
  if (typeof path !== 'string') return path
  const { code, stdout, stderr } = await run(path, ['--version'])
  if (code !== 0) return { missing: `${path} does not start: ${stderr.trim()}` }
  console.log(`Browser: ${path}, ${stdout.trim()}`)
  return path
}

/** `CHROMIUM_PATH`, else the first of the usual names on the PATH. */
async function find(): Promise<string | undefined> {
  const { CHROMIUM_PATH, PATH = '' } = process.env
  if (CHROMIUM_PATH) return CHROMIUM_PATH
  for (const name of names) {
    for (const folder of PATH.split(delimiter)) {
      const path = join(folder, name)
      if (await access(path, constants.X_OK).then(() => true, () => false)) return path
    }
  }
  return undefined
}

async function install(): Promise<string | { missing: string }> {
  const advice = 'install Chromium, or name one in CHROMIUM_PATH'
  if (process.getuid?.() !== 0 || !await isDebian()) return { missing: `no Chromium on the PATH: ${advice}` }
  console.log(`No Chromium on the PATH: installing ${packages.join(', ')}`)
  const env = { DEBIAN_FRONTEND: 'noninteractive' }
  await run('apt-get', ['update'], { env })
  const { code, stderr } = await run('apt-get', ['install', '--yes', '--no-install-recommends', ...packages], { env })
  if (code !== 0) return { missing: `apt-get could not install Chromium: ${advice} (${stderr.trim().split('\n').at(-1) ?? ''})` }
  return await find() ?? { missing: `apt-get installed no Chromium: ${advice}` }
}

async function isDebian(): Promise<boolean> {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '')
  return /^ID(_LIKE)?=.*(debian|ubuntu)/m.test(release)
}
