/** Primary result codes of SQLite. */
const busy = 5
const locked = 6

/** The database is in use, and nothing was done. The message says why. */
export class DatabaseInUse extends Error {
  /** The driver's error, if the driver was called. */
  readonly driverError: unknown

  constructor(reason: string, driverError?: unknown) {
    super(reason)
    this.driverError = driverError
  }

  static byAnotherConnection(error: unknown): DatabaseInUse {
    return new this('another connection has locked the database', error)
  }

  static byTheApplication(error?: unknown): DatabaseInUse {
    return new this('the application has a transaction or an iterator open on this database object', error)
  }
}

/** Returns a `DatabaseInUse` for the driver's errors that mean it, and other errors unchanged. */
export function translateError(error: unknown): unknown {
  if (isLocked(error)) return DatabaseInUse.byAnotherConnection(error)
  if (isOccupied(error)) return DatabaseInUse.byTheApplication(error)
  return error
}

export function isMissingTable(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('no such table')
}

/** The error of `node:sqlite` for a statement that was prepared before the database was closed and opened again. */
export function isFinalized(error: unknown): boolean {
  return readErrorFacts(error).code === 'ERR_INVALID_STATE'
}

/** SQLite has no nested transactions, and better-sqlite3 refuses to write while it iterates over rows. */
export function isOccupied(error: unknown): boolean {
  return error instanceof Error && /within a transaction|busy executing a query/.test(error.message)
}

/** The properties of an error that contain no values, under the same names for all drivers. */
export function readErrorFacts(error: unknown): { name?: unknown; code?: unknown; errno?: unknown } {
  if (!(error instanceof Error)) return {}
  const { name, code, errcode, rawCode } = error as Error & {
    code?: unknown
    errcode?: unknown
    rawCode?: unknown
  }
  // node:sqlite and libsql use different names for SQLite's result code; better-sqlite3 has only its text.
  return { name, code, errno: errcode ?? rawCode }
}

function isLocked(error: unknown): boolean {
  const { code, errno } = readErrorFacts(error)
  if (typeof errno === 'number') return [busy, locked].includes(errno & 0xff)
  return typeof code === 'string' && /^SQLITE_(?:BUSY|LOCKED)/.test(code)
}
