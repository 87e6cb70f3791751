import { quoteName, type TableNames } from './table-name.js'

/** The types of a record's own fields. */
export const knownFields: Readonly<Record<string, 'text' | 'number'>> = Object.freeze({
  openid: 'text',
  access_token: 'text',
  expires_in: 'number',
  refresh_token: 'text',
  scope: 'text',
  create_at: 'number',
  unionid: 'text',
  session_key: 'text',
  is_snapshotuser: 'number',
})

/** The name of the column for all other fields. */
export const extraField = 'extra'

const unicode = 'CHARACTER SET utf8mb4 COLLATE utf8mb4_bin'

// A key of 128 characters has up to 512 bytes. Tokens use TEXT because encryption makes them longer.
const definitions: Readonly<Record<string, string>> = {
  openid: 'VARBINARY(512) NOT NULL',
  access_token: `TEXT ${unicode} NULL`,
  expires_in: 'INT NULL',
  refresh_token: `TEXT ${unicode} NULL`,
  scope: `VARCHAR(255) ${unicode} NULL`,
  create_at: 'BIGINT NULL',
  unionid: `VARCHAR(128) ${unicode} NULL`,
  session_key: `TEXT ${unicode} NULL`,
  is_snapshotuser: 'TINYINT NULL',
  [extraField]: 'JSON NULL',
}

/** The number of bytes that every server allows in an index. */
export const longestLockName = 767

/** Returns e.g. `VARBINARY(512)`, or `undefined` for a field without its own column. */
export function definedType(field: string): string | undefined {
  return Object.hasOwn(knownFields, field) ? definitions[field]?.split(' ')[0] : undefined
}

/** Returns e.g. `` `openid` VARBINARY(512) NOT NULL ``. */
export function columnDefinition(field: string): string {
  return `${quoteName(field)} ${definitions[field] ?? ''}`
}

export function createTableStatements({ tokens, locks }: TableNames): string[] {
  const columns = [...Object.keys(definitions).map(columnDefinition), 'PRIMARY KEY (`openid`)']
  const lockColumns = [
    `\`name\` VARBINARY(${longestLockName}) NOT NULL`,
    '`owner` VARBINARY(36) NOT NULL',
    '`expires_at` DATETIME(6) NOT NULL',
    'PRIMARY KEY (`name`)',
  ]
  return [createTable(tokens, columns), createTable(locks, lockColumns)]
}

function createTable(table: string, lines: readonly string[]): string {
  return `CREATE TABLE IF NOT EXISTS ${table} (\n  ${lines.join(',\n  ')}\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin`
}
