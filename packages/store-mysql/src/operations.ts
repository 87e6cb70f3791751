import { attemptBefore } from '@wechat-auth/wechat-oauth/store-kit'
import { checkPool, type MysqlPool, unwrapPool } from './mysql-pool.js'
import { StatementRunner } from './statement-runner.js'

/** Runs single statements, each on a connection of the pool that is its own for no longer than that. */
export class Operations {
  readonly #pool: MysqlPool
  readonly #timeout: number

  /**
   * @param timeout - milliseconds that an operation may take
   * @throws TypeError when it is no pool of mysql2
   */
  constructor(pool: unknown, timeout: number) {
    checkPool(pool)
    this.#pool = unwrapPool(pool)
    this.#timeout = timeout
  }

  /**
   * Runs an operation of one or more statements for as long as it may take; then gives up the connection that waits for
   * an answer, if there is one, and no other statement is sent.
   *
   * @param what - completes "failed to …"
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
