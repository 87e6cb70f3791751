import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SqliteDatabase } from '@wechat-auth/store-sqlite'
import type { Context } from 'mocha'
import { isLongRun } from './long.js'
import {
  betterSqlite3,
  libsql,
  nodeSqlite,
  type SqliteDatabase as SqliteDriverDatabase,
  type SqliteDriver,
} from '../services/sqlite.js'

export const drivers = {
  libsql: async () => Promise.resolve(libsql()),
  'better-sqlite3': betterSqlite3,
  'node:sqlite': nodeSqlite,
} satisfies Record<string, (context: Context) => Promise<SqliteDriver>>

export type DriverName = keyof typeof drivers

const hasBetterSqlite3 = isInstalled('better-sqlite3')

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

/** Whether Node.js includes node:sqlite without a flag. */
export const hasNodeSqlite = major > 22 || (major === 22 && minor >= 13)

/** The drivers that are installed; in the long suite also better-sqlite3, which is compiled if it is missing. */
export const driverNames = (Object.keys(drivers) as DriverName[]).filter((name) => {
  if (name === 'node:sqlite') return hasNodeSqlite
  return name === 'libsql' || isLongRun || hasBetterSqlite3
})

function isInstalled(name: string): boolean {
  try {
    import.meta.resolve(name)
    return true
  } catch {
    return false
  }
}

/** A database object with the members that only the tests need. */
export interface OpenDatabase extends SqliteDatabase {
  prepare(
    sql: string,
  ): ReturnType<SqliteDatabase['prepare']> & { all(...values: unknown[]): Record<string, unknown>[] }
  close(): unknown
}

/** The address of a database, with which another process can open it too. */
export interface SqliteAddress {
  driver: DriverName
  file: string
}

/** Opens a database in a child process of a test, which cannot skip: the test has found the driver already. */
export async function openDatabase({ driver, file }: SqliteAddress): Promise<OpenDatabase> {
  const { open } = await drivers[driver]({ timeout: () => 0 } as unknown as Context)
  return open(file) as unknown as OpenDatabase
}

/** Files in their own folder, and the database objects that are open on them. */
export class Databases {
  readonly #driver: DriverName
  readonly #opened: OpenDatabase[] = []
  readonly #folder = mkdtempSync(join(tmpdir(), 'store-sqlite-'))
  #open: SqliteDriver['open'] | undefined
  #count = 0

  constructor(driver: DriverName) {
    this.#driver = driver
  }

  /** Call it first in a `before` hook. If the driver is not available, it skips the suite. */
  async find(context: Context): Promise<void> {
    this.#open = (await drivers[this.#driver](context)).open
  }

  address(name: string): SqliteAddress {
    return { driver: this.#driver, file: join(this.#folder, name) }
  }

  /** @param name - of the file; default a new one */
  open(name = `${(this.#count += 1)}.db`): OpenDatabase {
    return this.#keep(this.#open!(name === ':memory:' ? name : this.address(name).file))
  }

  /** Opens a file read-only, in the way of the driver. */
  openReadonly(name: string): OpenDatabase {
    const { file } = this.address(name)
    if (this.#driver === 'libsql') return this.#keep(this.#open!(`file:${file}?mode=ro`))
    const Database = this.open(name).constructor as new (
      file: string,
      options: object,
    ) => SqliteDriverDatabase
    return this.#keep(
      new Database(file, { [this.#driver === 'node:sqlite' ? 'readOnly' : 'readonly']: true }),
    )
  }

  /** Returns the bytes of a file, or an empty string if it does not exist. */
  contents(name: string): string {
    const { file } = this.address(name)
    return existsSync(file) ? readFileSync(file, 'latin1') : ''
  }

  #keep(opened: SqliteDriverDatabase): OpenDatabase {
    const database = opened as unknown as OpenDatabase
    this.#opened.push(database)
    return database
  }

  /** Closes all databases and removes the files. */
  end(): void {
    for (const database of this.#opened) {
      const { open, isOpen } = database
      if (open !== false && isOpen !== false) database.close()
    }
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
