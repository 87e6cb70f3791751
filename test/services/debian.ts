import { mkdir, readFile, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { run, runOrThrow } from '../helpers/run.js'
import { cachedFolder } from './cache.js'
import { findProgram, type Program } from './program.js'

const env = { DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' }
const network = ['-o', 'Acquire::http::Timeout=20', '-o', 'Acquire::Retries=2']
const attempts = 60

/**
 * Unpacks programs from packages of Debian or Ubuntu into a cache folder. This does not change the system, starts no service,
 * and leaves nothing to remove.
 *
 * @param packages - alternatives; the first one that this release has is used. It is downloaded even if it is installed
 * @returns the folder, or the reason why there is none
 */
export async function unpackedDebianPackages(
  name: string,
  packages: readonly (readonly string[])[],
): Promise<string | { missing: string }> {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '')
  if (!/^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(release))
    return { missing: 'the system is neither Debian nor Ubuntu' }
  if (process.getuid?.() !== 0) return { missing: 'only root can download packages' }
  const version = /^VERSION_ID="?([\w.]+)/m.exec(release)?.[1] ?? 'rolling'
  try {
    return await cachedFolder(`${name}-debian-${version}-${process.arch}`, (folder) =>
      unpack(folder, packages),
    )
  } catch (error) {
    return { missing: error instanceof Error ? error.message : String(error) }
  }
}

/** Returns one of the unpacked programs, with the libraries from its packages. */
export async function unpackedProgram(
  folder: string,
  names: readonly string[],
  folders = [join(folder, 'usr/bin'), join(folder, 'usr/sbin')],
): Promise<Program | undefined> {
  const path = await findProgram(names, folders)
  return path === undefined
    ? undefined
    : { path, env: { LD_LIBRARY_PATH: (await libraryFolders(folder)).join(':') } }
}

async function unpack(folder: string, packages: readonly (readonly string[])[]): Promise<void> {
  const archives = join(folder, 'archives')
  await mkdir(join(archives, 'partial'), { recursive: true })
  const files = await fetch(archives, packages)
  for (const file of files) await runOrThrow('dpkg-deb', ['--extract', join(archives, file), folder])
  await rm(archives, { recursive: true })
}

/** Downloads the packages and the dependencies that this machine lacks. */
async function fetch(archives: string, packages: readonly (readonly string[])[]): Promise<string[]> {
  let problem = ''
  for (const step of ['as it is', 'updated'] as const) {
    if (step === 'updated') await update()
    for (const names of packages) {
      const { code, stderr } = await run(
        'apt-get',
        [
          'install',
          '--yes',
          '--reinstall',
          '--no-install-recommends',
          '--download-only',
          ...network,
          '-o',
          `Dir::Cache::archives=${archives}`,
          ...names,
        ],
        { env },
      )
      const files = (await readdir(archives)).filter((file) => file.endsWith('.deb'))
      if (code === 0 && files.length > 0) return files
      problem = stderr.trim().split('\n').at(-1) ?? `nothing to download for ${names.join(', ')}`
    }
  }
  throw new Error(`apt-get: ${problem}`)
}

/** Updates the lists of packages; waits while another process does so. */
async function update(): Promise<void> {
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const { stderr } = await run('apt-get', ['update', ...network], { env })
    if (!/could not get lock/i.test(stderr)) return
    await sleep(2000)
  }
}

/** Lists the folders of libraries. Some packages keep theirs one folder deeper, which a program does not search by default. */
async function libraryFolders(folder: string): Promise<string[]> {
  const folders: string[] = []
  for (const parent of [join(folder, 'usr/lib'), join(folder, 'lib')]) {
    for (const name of await foldersIn(parent)) {
      if (!name.endsWith('-linux-gnu')) continue
      const libraries = join(parent, name)
      folders.push(libraries, ...(await foldersIn(libraries)).map((inner) => join(libraries, inner)))
    }
  }
  return folders
}

async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
}
