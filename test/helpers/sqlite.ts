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

/** Whether Node.js brings node:sqlite along, without a flag. */
export const hasNodeSqlite = major > 22 || (major === 22 && minor >= 13)

/** Those that are there, and in the long suite better-sqlite3 too, which must be compiled where it is not installed. */
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

/** A database object, with what the tests need of it and the store does not. */
export interface OpenDatabase extends SqliteDatabase {
  prepare(
    sql: string,
  ): ReturnType<SqliteDatabase['prepare']> & { all(...values: unknown[]): Record<string, unknown>[] }
  close(): unknown
}

/** An address of a database, by which another process can open it too. */
export interface SqliteAddress {
  driver: DriverName
  file: string
}

/** In a process of a test's own, where nothing can be skipped: the driver was found before. */
export async function openDatabase({ driver, file }: SqliteAddress): Promise<OpenDatabase> {
  const { open } = await drivers[driver]({ timeout: () => 0 } as unknown as Context)
  return open(file) as unknown as OpenDatabase
}

/** Files in a folder of their own, and the database objects that are opened on them. */
export class Databases {
  readonly #driver: DriverName
  readonly #opened: OpenDatabase[] = []
  readonly #folder = mkdtempSync(join(tmpdir(), 'store-sqlite-'))
  #open: SqliteDriver['open'] | undefined
  #count = 0

  constructor(driver: DriverName) {
    this.#driver = driver
  }

  /** From a `before` hook, ahead of all else; where the driver is not to be had, the suite is skipped. */
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

  /** In the driver's own way of opening a file that must not be written. */
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

  /** What is in a file, byte by byte; nothing where there is none. */
  contents(name: string): string {
    const { file } = this.address(name)
    return existsSync(file) ? readFileSync(file, 'latin1') : ''
  }

  #keep(opened: SqliteDriverDatabase): OpenDatabase {
    const database = opened as unknown as OpenDatabase
    this.#opened.push(database)
    return database
  }

  /** Closes all, and removes the files. */
  end(): void {
    for (const database of this.#opened) {
      const { open, isOpen } = database
      if (open !== false && isOpen !== false) database.close()
    }
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
