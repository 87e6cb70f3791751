import type { TableNames } from './table-name.js'

/** Texts are compared byte by byte, whatever is in them. */
const text = 'TEXT COLLATE BINARY NOT NULL'

export function createTableStatements({ tokens, locks }: TableNames): string[] {
  return [
    `CREATE TABLE IF NOT EXISTS ${tokens} (openid ${text} PRIMARY KEY, record TEXT NOT NULL)`,
    `CREATE TABLE IF NOT EXISTS ${locks} (name ${text} PRIMARY KEY, owner ${text}, expires_at INTEGER NOT NULL)`,
  ]
}
