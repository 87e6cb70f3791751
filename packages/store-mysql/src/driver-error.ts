/** Returns the number of the server's error. */
export function readErrno(error: unknown): number | undefined {
  const { errno } = (error ?? {}) as { errno?: unknown }
  return typeof errno === 'number' ? errno : undefined
}

/** Errors that do not occur again when the statement is repeated. */
export const passing = new Set([
  1205, // ER_LOCK_WAIT_TIMEOUT
  1213, // ER_LOCK_DEADLOCK
  1243, // ER_UNKNOWN_STMT_HANDLER: behind a proxy, the connection has changed
  1615, // ER_NEED_REPREPARE
])

/** Errors after which this connection is useless, but another may work. */
export const spoiling = new Set([
  1243,
  1615,
  1290, // ER_OPTION_PREVENTS_STATEMENT, ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION, ER_READ_ONLY_MODE: it is no longer the primary server
  1792,
  1836,
])
