/** Number of the server's error. */
export function readErrno(error: unknown): number | undefined {
  const { errno } = (error ?? {}) as { errno?: unknown }
  return typeof errno === 'number' ? errno : undefined
}

/** A statement that was turned down for reasons that are over when it is sent again. */
export const passing = new Set([
  1205, // ER_LOCK_WAIT_TIMEOUT
  1213, // ER_LOCK_DEADLOCK
  1243, // ER_UNKNOWN_STMT_HANDLER: behind a proxy, the connection is another one
  1615, // ER_NEED_REPREPARE
])

/** The connection is of no use for this any more: another may be. */
export const spoiling = new Set([
  1243,
  1615,
  1290, // ER_OPTION_PREVENTS_STATEMENT, ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION, ER_READ_ONLY_MODE: no longer the primary server
  1792,
  1836,
])
