import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { execFileSync } from 'node:child_process'

export interface Installed {
  readonly packages: number
  /** How many of them contain only types. */
  readonly types: number
  readonly bytes: number
}

interface Manifest {
  readonly name: string
  readonly dependencies?: Readonly<Record<string, string>>
}

/** A package with its files and its dependencies, which are resolved like Node.js does. */
export function installed(folder: string): Installed {
  const folders = new Set<string>()
  collect(realpathSync(folder), folders)
  const types = [...folders].filter((each) => each.includes('/node_modules/@types/')).length
  return { packages: folders.size, types, bytes: [...folders].reduce((sum, each) => sum + bytesOf(each), 0) }
}

function collect(folder: string, found: Set<string>): void {
  if (found.has(folder)) return
  found.add(folder)
  const { dependencies = {} } = manifestOf(folder)
  for (const name of Object.keys(dependencies)) {
    const dependency = findAbove(folder, name)
    if (dependency === undefined) throw new Error(`${name} is not installed, and ${folder} depends on it`)
    collect(dependency, found)
  }
}

function findAbove(folder: string, name: string): string | undefined {
  for (let above = folder; ; above = dirname(above)) {
    const candidate = join(above, 'node_modules', name)
    if (existsSync(join(candidate, 'package.json'))) return realpathSync(candidate)
    if (above === dirname(above)) return undefined
  }
}

/** The published files: of a workspace those that `npm pack` takes, otherwise all except nested installations. */
function bytesOf(folder: string): number {
  if (folder.includes('node_modules')) return bytesBelow(folder)
  const [{ unpackedSize } = { unpackedSize: NaN }] = JSON.parse(
    execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts', '--loglevel=error'], {
      cwd: folder,
      encoding: 'utf8',
    }),
  ) as { unpackedSize: number }[]
  return unpackedSize
}

function bytesBelow(folder: string): number {
  return readdirSync(folder, { withFileTypes: true }).reduce((sum, entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return entry.name === 'node_modules' ? sum : sum + bytesBelow(path)
    return entry.isFile() ? sum + statSync(path).size : sum
  }, 0)
}

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
}
