/** The names of the tables, quoted for use in statements. */
export interface TableNames {
  readonly tokens: string
  readonly locks: string
}

// Letters and digits of any language. Keywords are allowed, because names are quoted.
const namePattern = /^[\p{L}\p{N}_$-]+$/u
const longestName = 64
const lockSuffix = '_lock'

/**
 * @param table - `name` or `database.name`
 * @throws TypeError for a name that is invalid or needs special quoting
 */
export function parseTableName(table: unknown): TableNames {
  const parts = typeof table === 'string' ? table.split('.') : []
  const name = parts.pop() ?? ''
  if (parts.length > 1 || ![...parts, name].every(isName) || name.length + lockSuffix.length > longestName) {
    throw new TypeError(
      `table must be a name, or a database and a name with a dot between, of letters, digits, _, $ and -, at most ${longestName - lockSuffix.length} characters`,
    )
  }
  const quoted = (last: string): string => [...parts, last].map(quoteName).join('.')
  return { tokens: quoted(name), locks: quoted(name + lockSuffix) }
}

/** Quotes any name for use in a statement. */
export function quoteName(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``
}

function isName(part: string): boolean {
  return namePattern.test(part) && part.length <= longestName
}
