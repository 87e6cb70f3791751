import type { MysqlPool } from '@wechat-auth/store-mysql'

/** What a connection says to a statement: rows, or what a write did, or the error that it rejects with. */
export type Answer = object | Error

/** An error as mysql2 makes it: with the statement, and so with values. */
export function driverError(code: string, errno: number): Error {
  return Object.assign(new Error(`${code}: 'SECRET-access-token' near 'SECRET'`), {
    code,
    errno,
    sqlState: 'HY000',
    sqlMessage: `'SECRET-access-token' near 'SECRET'`,
    sql: `REPLACE INTO token VALUES ('SECRET-access-token')`,
  })
}

const columns = ['openid varbinary(64)', 'access_token text', 'create_at bigint(20)'].map((column) =>
  column.split(' '),
)

/** A pool without a server, for situations that a real one cannot produce on demand. */
export class PoolStandIn implements MysqlPool {
  readonly log: string[] = []
  /** Of the statements on records and locks, in this order. Without an answer, none comes. */
  readonly answers: Answer[]
  /** Hands out connections. */
  getConnection: MysqlPool['getConnection'] = (callback) => callback(null, this.connection)

  constructor(...answers: Answer[]) {
    this.answers = answers
  }

  readonly connection = {
    query: ({ sql }: { sql: string }, callback: (error: null, result: unknown) => void): void => {
      if (sql.startsWith('SHOW FULL COLUMNS'))
        callback(
          null,
          columns.map(([name, type]) => [
            name,
            type,
            type === 'text' ? 'utf8mb4_bin' : null,
            'YES',
            '',
            null,
            '',
          ]),
        )
      else if (sql.startsWith('SHOW INDEX'))
        callback(null, [['token', '0', 'PRIMARY', '1', 'openid', 'A', '0', null]])
      else callback(null, [['1']])
    },
    execute: ({ sql }: { sql: string }, callback: (error: Error | null, result?: unknown) => void): void => {
      this.log.push(sql.split(' ')[0]!)
      const answer = this.answers.shift()
      if (answer instanceof Error) callback(answer)
      else if (answer) callback(null, answer)
    },
    release: (): void => {
      this.log.push('release')
    },
    destroy: (): void => {
      this.log.push('destroy')
    },
  }

  execute(): void {
    throw new Error('The store takes connections')
  }
}
