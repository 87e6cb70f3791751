import { attemptBefore } from '@wechat-auth/wechat-oauth/store-kit'
import { checkPool, type MysqlPool, unwrapPool } from './mysql-pool.js'
import { StatementRunner } from './statement-runner.js'

/** Runs single statements, each on a connection that is taken from the pool for that statement only. */
export class Operations {
  readonly #pool: MysqlPool
  readonly #timeout: number

  /**
   * @param timeout - milliseconds that each operation may take
   * @throws TypeError if it is not a pool of mysql2
   */
  constructor(pool: unknown, timeout: number) {
    checkPool(pool)
    this.#pool = unwrapPool(pool)
    this.#timeout = timeout
  }

  /**
   * Runs an operation of one or more statements. After the timeout, it discards a connection that still waits for an answer
   * and sends no more statements.
   *
   * @param what - the purpose of the operation, which completes "failed to …"
   */
  async execute<T>(what: string, operation: (statements: StatementRunner) => Promise<T>): Promise<T> {
    let runner: StatementRunner | undefined
    try {
      return await attemptBefore(this.#timeout, what, (deadline) => {
        runner = new StatementRunner(this.#pool, deadline)
        return operation(runner)
      })
    } finally {
      runner?.giveUp()
    }
  }
}
