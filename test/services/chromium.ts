import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Context } from 'mocha'
import { chromium, type Browser } from 'playwright-core'
import { run } from '../helpers/run.js'
import { exists } from './cache.js'
import { unpackedDebianPackages, unpackedProgram } from './debian.js'
import { announce, climb, orSkip, share, type Rung } from './ladder.js'
import { findProgram, type Program } from './program.js'

const advice = 'install Chromium, or set CHROMIUM_PATH'

/** Chromium without windows. It renders the same pages in half the time. */
const headlessNames = ['chromium-headless-shell', 'chrome-headless-shell']
const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
const fonts = {
  folder: '/usr/share/fonts/opentype/noto',
  packages: ['fonts-noto-cjk', 'fonts-noto-color-emoji'],
}

const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

interface Installation {
  program: Program
  source: string
}

const rungs: readonly Rung<Installation>[] = [
  { name: 'CHROMIUM_PATH', get: async () => ifItStarts(process.env.CHROMIUM_PATH, 'not set') },
  {
    name: 'headless shell on the PATH',
    get: async () => ifItStarts(await findProgram(headlessNames), 'not found'),
  },
  { name: 'packages', get: unpacked },
  { name: 'PATH', get: async () => ifItStarts(await findProgram(names), 'not found') },
]

/** Starts a Chromium, which the caller closes. If there is none, skips the test, or from a `before` hook its suite. */
export async function launchBrowser(context: Context): Promise<Browser> {
  const { program } = await orSkip(context, find)
  return chromium.launch({ executablePath: program.path, env: { ...process.env, ...program.env }, args })
}

/** Downloads a Chromium if there is none. Returns its source. */
export async function prepareBrowser(): Promise<string> {
  return (await find()).source
}

async function find(): Promise<Installation> {
  return share('chromium', async () => {
    const installation = await climb('Chromium', rungs, advice)
    announce('Chromium', installation.source, await readVersion(installation.program))
    return installation
  })
}

async function ifItStarts(path: string | undefined, missing: string): Promise<Installation | string> {
  if (!path) return missing
  const program = { path, env: {} }
  const problem = await whyItDoesNotStart(program)
  return problem ?? { program, source: path }
}

async function unpacked(): Promise<Installation | string> {
  const extra = ['chromium-common', ...((await exists(fonts.folder)) ? [] : fonts.packages)]
  const folder = await unpackedDebianPackages('chromium', [
    ['chromium-headless-shell', ...extra],
    ['chromium', ...extra],
  ])
  if (typeof folder !== 'string') return folder.missing
  const found = await unpackedProgram(
    folder,
    [...headlessNames, ...names],
    [join(folder, 'usr/lib/chromium')],
  )
  if (!found) return 'the packages do not contain Chromium'
  const program = {
    path: found.path,
    env: { ...found.env, FONTCONFIG_FILE: await writeFontSettings(folder) },
  }
  const problem = await whyItDoesNotStart(program)
  return problem ?? { program, source: 'a Debian package, unpacked for the tests' }
}

/** Writes a configuration with the folders of the unpacked fonts. */
async function writeFontSettings(folder: string): Promise<string> {
  const file = join(folder, 'fonts.conf')
  if (await exists(file)) return file
  const folders = [join(folder, 'usr/share/fonts'), '/usr/share/fonts']
  const lines = [
    ...folders.map((path) => `<dir>${path}</dir>`),
    `<cachedir>${join(folder, 'font-cache')}</cachedir>`,
  ]
  await writeFile(file, `<?xml version="1.0"?>\n<fontconfig>\n${lines.join('\n')}\n</fontconfig>\n`)
  return file
}

async function whyItDoesNotStart({ path, env }: Program): Promise<string | undefined> {
  const { code, stderr } = await run(path, ['--version'], { env })
  return code === 0 ? undefined : `${path} does not start: ${stderr.trim()}`
}

async function readVersion({ path, env }: Program): Promise<string> {
  return (await run(path, ['--version'], { env })).stdout.trim().replace(/^Chromium /, '')
}
