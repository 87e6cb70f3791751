import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { cp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Context } from 'mocha'
import { root, run, runOrThrow } from '../helpers/run.js'
import { skipBecause } from '../helpers/skip.js'

export interface Manifest {
  name: string
  version: string
  main: string
  types: string
  exports: Record<string, string | { types: string; default: string }>
  bin?: Record<string, string>
  dependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
}

export interface Package {
  /** Absolute, ends in a slash. */
  folder: string
  manifest: Manifest
}

export interface Tarball {
  path: string
  files: string[]
}

/** The packages that are published, by folder name. */
export const packages = new Map(
  readdirSync(`${root}packages`).map((name): [string, Package] => {
    const folder = `${root}packages/${name}/`
    return [name, { folder, manifest: JSON.parse(readFileSync(`${folder}package.json`, 'utf8')) as Manifest }]
  }),
)

/** For npm in other folders: takes away what an npm that runs these tests was told on its command line. */
export const env = Object.fromEntries(
  Object.keys(process.env)
    .filter((name) =>
      /^npm_config_(call|package|workspaces?|include_workspace_root|local_prefix)$/.test(name),
    )
    .map((name) => [name, undefined]),
)

const scratch = mkdtempSync(join(tmpdir(), 'wechat-auth-dist-'))
process.once('exit', () => {
  rmSync(scratch, { recursive: true, force: true })
})

let packed: Promise<Map<string, Tarball>> | undefined

/** What `npm pack` makes of each package as it is built now; made once per run. */
export function tarballs(): Promise<Map<string, Tarball>> {
  return (packed ??= pack())
}

/** By one npm for all of them: it takes longer to start than to pack. */
async function pack(): Promise<Map<string, Tarball>> {
  const workspaces = [...packages.keys()].flatMap((name) => ['--workspace', `packages/${name}`])
  const output = await runOrThrow('npm', ['pack', '--json', '--pack-destination', scratch, ...workspaces], {
    env,
  })
  const made = JSON.parse(output) as { name: string; filename: string; files: { path: string }[] }[]
  return new Map(
    [...packages].map(([folder, { manifest }]) => {
      const { filename, files } = made.find(({ name }) => name === manifest.name)!
      return [folder, { path: join(scratch, filename), files: files.map(({ path }) => path) }]
    }),
  )
}

const flags = [
  '--prefer-offline',
  '--no-audit',
  '--no-fund',
  '--fetch-retries=1',
  '--fetch-retry-mintimeout=1000',
  '--fetch-retry-maxtimeout=5000',
]

// Waited for once per run.
let unreachable: { code: number | null; stderr: string } | undefined

/**
 * An empty project with these packages of ours, packed, and these of the registry installed.
 * The test or suite is skipped if the registry cannot be reached and npm's cache does not know them.
 */
export async function project(
  context: Context,
  ours: readonly string[],
  others: readonly string[] = [],
): Promise<string> {
  const known = await tarballs()
  const folder = mkdtempSync(join(scratch, 'project-'))
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'an-application', private: true }))
  const specs = [...ours.map((name) => known.get(name)!.path), ...others]
  const { code, stderr } =
    unreachable ?? (await run('npm', ['install', ...flags, ...specs], { cwd: folder, env }))
  if (code === 0) return folder
  const reason =
    /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ENOTCACHED)\b/.exec(
      stderr,
    )?.[0]
  if (reason !== undefined) {
    unreachable = { code, stderr }
    skipBecause(context, `the package registry cannot be reached (${reason})`)
  }
  throw new Error(`npm install ${specs.join(' ')} failed\n${stderr}`)
}

interface Locked {
  packages: Record<string, { version: string; hasInstallScript?: boolean }>
}

/** What npm has installed in a project, by path. */
export async function installed(folder: string): Promise<Locked['packages']> {
  return (JSON.parse(await readFile(join(folder, 'node_modules/.package-lock.json'), 'utf8')) as Locked)
    .packages
}

/** Copies files from `fixtures/` into a project. */
export async function addFixtures(folder: string, ...names: string[]): Promise<void> {
  for (const name of names)
    await cp(join(root, 'test/dist/fixtures', name), join(folder, name), { recursive: true })
}

/** What `login.mjs` prints if all logins succeed. */
export const loggedIn =
  'official account 200 {"name":"爱丽丝"}\nmini-program 200 {"isAlice":true,"sku":"shop"}\n' +
  'without Passport success 爱丽丝 success\n'
