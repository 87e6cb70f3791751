import { DatabaseInUse } from './driver-error.js'

const shortestPause = 1
const longestPause = 10

interface Waiting {
  /** Returns `false` if the database is still in use. */
  attempt: () => boolean
}

/**
 * Lets operations wait for a database that is in use without blocking the process. The first in line is retried, so
 * operations run in the order of their arrival.
 */
export class WaitingLine {
  readonly #line: Waiting[] = []
  #isMoving = false

  /**
   * @param timeout - milliseconds after which the operation is tried for the last time
   * @throws DatabaseInUse if the database was in use until the timeout; any other error of the operation
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
    // Random, so that processes do not all retry at the same time.
    setTimeout(() => this.#tryFirst(pause), pause * (0.5 + Math.random() / 2))
  }

  #tryFirst(pause: number): void {
    const [first] = this.#line
    if (!first) {
      this.#isMoving = false
    } else if (first.attempt()) {
      this.#line.shift()
      // One per turn of the event loop, because each may wait for the disk.
      setImmediate(() => this.#tryFirst(shortestPause))
    } else {
      this.#tryAfter(Math.min(pause * 1.5, longestPause))
    }
  }
}
