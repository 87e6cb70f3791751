import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Context } from 'mocha'
import { cachedFolder } from './cache.js'
import { announce, climb, orSkip, share, ServiceMissing } from './ladder.js'
import { npm } from './npm.js'

export interface SqliteStatement {
  run(...values: unknown[]): unknown
  get(...values: unknown[]): unknown
  all(...values: unknown[]): unknown[]
}

/** The members that all SQLite drivers have. */
export interface SqliteDatabase {
  prepare(sql: string): SqliteStatement
  exec(sql: string): unknown
  close(): unknown
}

/** A driver. The caller closes its databases. */
export interface SqliteDriver {
  name: string
  version: string
  open: (filename: string) => SqliteDatabase
}

const require = createRequire(import.meta.url)
// The last version for Node.js 20.
const betterSqlite3Version = '12.11.1'

type Constructor = new (filename: string) => SqliteDatabase

/** Returns the driver that is a development dependency. */
export function libsql(): SqliteDriver {
  return driver('libsql', require)
}

/** Returns better-sqlite3, and installs it for the tests if needed: that compiles it, which takes a minute once. */
export async function betterSqlite3(context: Context): Promise<SqliteDriver> {
  return orSkip(context, () =>
    share('better-sqlite3', async () => {
      const found = await climb<SqliteDriver>(
        'better-sqlite3',
        [
          { name: 'dependencies', get: async () => Promise.resolve(usable(require)) },
          { name: 'npm', get: install },
        ],
        'npm install --no-save better-sqlite3',
      )
      announce(found.name, 'SQLite driver', found.version)
      return found
    }),
  )
}

/** Returns the driver that Node.js includes since 22.5. */
export async function nodeSqlite(context: Context): Promise<SqliteDriver> {
  return orSkip(context, async () => {
    const name = 'node:sqlite'
    const found = (await import(name).catch(() => undefined)) as { DatabaseSync: Constructor } | undefined
    if (!found)
      throw new ServiceMissing(`Node.js ${process.versions.node} has no node:sqlite: use 22.13 or newer`)
    return { name, version: process.versions.node, open: (filename) => new found.DatabaseSync(filename) }
  })
}

async function install(): Promise<SqliteDriver | string> {
  try {
    const name = `better-sqlite3-${betterSqlite3Version}-${process.platform}-${process.arch}-${process.versions.modules}`
    const folder = await cachedFolder(name, (draft) =>
      npm(
        draft,
        'install',
        '--prefix',
        draft,
        '--no-save',
        '--no-package-lock',
        '--ignore-scripts=false',
        `better-sqlite3@${betterSqlite3Version}`,
      ),
    )
    return usable(createRequire(join(folder, 'index.js')))
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** Returns the driver if it is installed and its native part can be loaded. */
function usable(from: NodeJS.Require): SqliteDriver | string {
  try {
    const found = driver('better-sqlite3', from)
    found.open(':memory:').close()
    return found
  } catch (error) {
    return error instanceof Error ? error.message.split('\n')[0]! : String(error)
  }
}

function driver(name: string, from: NodeJS.Require): SqliteDriver {
  const Database = from(name) as Constructor
  const { version } = JSON.parse(readFileSync(makeManifest(name, from.resolve(name)), 'utf8')) as {
    version: string
  }
  return { name, version, open: (filename) => new Database(filename) }
}

/** Finds a package's manifest, because not every package exports it. */
function makeManifest(name: string, entry: string): string {
  const folder = join('node_modules', name)
  return join(entry.slice(0, entry.lastIndexOf(folder)), folder, 'package.json')
}
