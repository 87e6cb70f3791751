/** The limit of a task that {@link withDeadline} runs. */
export interface Deadline {
  /** Whether the deadline has passed. A task should not start anything after that. */
  readonly isOver: boolean
  /** Fires when the deadline passes. It is made when it is first read, because that costs several microseconds. */
  readonly signal: AbortSignal
  /** Called when the deadline passes, to stop what the task has started. Cheaper than `signal`. */
  onOver?: () => void
}

class Limit implements Deadline {
  #isOver = false
  #controller: AbortController | undefined
  onOver?: () => void

  get isOver(): boolean {
    return this.#isOver
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.#isOver) this.#controller.abort()
    return this.#controller.signal
  }

  pass(): void {
    this.#isOver = true
    this.onOver?.()
    this.#controller?.abort()
  }
}

/**
 * Runs a task for at most `ms` milliseconds. Then it rejects, whether or not the task has stopped. (`AbortSignal.timeout`
 * keeps its timer after the task, and fake clocks do not drive it.)
 *
 * @param task - may throw as well as reject
 * @param onTimeout - makes the error that it rejects with after the deadline
 */
export function withDeadline<T>(
  ms: number,
  task: (deadline: Deadline) => T | PromiseLike<T>,
  onTimeout: () => Error,
): Promise<T> {
  // One promise for all outcomes: `async` and Promise.race make several more, and every call of WeChat comes through here.
  return new Promise<T>((resolve, reject: (reason: Error) => void) => {
    const deadline = new Limit()
    const timer = setTimeout(() => {
      reject(onTimeout())
      deadline.pass()
    }, ms)
    const succeed = (result: T): void => {
      clearTimeout(timer)
      resolve(result)
    }
    const fail = (reason: Error): void => {
      clearTimeout(timer)
      reject(reason)
    }
    try {
      Promise.resolve(task(deadline)).then(succeed, fail)
    } catch (error) {
      fail(error as Error)
    }
  })
}
