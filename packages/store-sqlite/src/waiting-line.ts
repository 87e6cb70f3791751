import { DatabaseInUse } from './driver-error.js'

const shortestPause = 1
const longestPause = 10

interface Waiting {
  /** Whether that was it: `false` where the database is still in use. */
  attempt: () => boolean
}

/**
 * Has operations wait for a database that is in use, without the process waiting: the first in line is tried again and
 * again, so that they are carried out in the order in which they came.
 */
export class WaitingLine {
  readonly #line: Waiting[] = []
  #isMoving = false

  /**
   * @param timeout - milliseconds after which an operation is given up
   * @throws DatabaseInUse when the database was in use all the time; whatever else the operation throws
   */
  async execute<T>(timeout: number, operation: () => T): Promise<T> {
    if (this.#line.length === 0) {
      try {
        return operation()
      } catch (error) {
        if (!(error instanceof DatabaseInUse)) throw error
      }
    }
    return this.#wait(timeout, operation)
  }

  async #wait<T>(timeout: number, operation: () => T): Promise<T> {
    const outcome = await new Promise<() => T>((settle) => {
      let isLast = false
      const waiting: Waiting = {
        attempt: () => {
          try {
            const value = operation()
            settle(() => value)
          } catch (error) {
            if (error instanceof DatabaseInUse && !isLast) return false
            settle(() => {
              throw error
            })
          }
          clearTimeout(patience)
          return true
        },
      }
      const patience = setTimeout(() => {
        this.#line.splice(this.#line.indexOf(waiting), 1)
        isLast = true
        waiting.attempt()
      }, timeout)
      this.#line.push(waiting)
      this.#move()
    })
    return outcome()
  }

  #move(): void {
    if (this.#isMoving) return
    this.#isMoving = true
    this.#tryAfter(shortestPause)
  }

  #tryAfter(pause: number): void {
    // At random, so that several processes do not all try at the same time.
    setTimeout(() => this.#tryFirst(pause), pause * (0.5 + Math.random() / 2))
  }

  #tryFirst(pause: number): void {
    const [first] = this.#line
    if (!first) {
      this.#isMoving = false
    } else if (first.attempt()) {
      this.#line.shift()
      // One at a time: each may take as long as the disk takes.
      setImmediate(() => this.#tryFirst(shortestPause))
    } else {
      this.#tryAfter(Math.min(pause * 1.5, longestPause))
    }
  }
}
