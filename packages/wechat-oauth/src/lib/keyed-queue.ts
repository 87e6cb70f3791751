/** Runs the tasks of one key one after another. Tasks of different keys run at the same time. */
export class KeyedQueue {
  readonly #tails = new Map<string, Promise<unknown>>()

  /** Whether a new task of this key would have to wait. */
  isBusy(key: string): boolean {
    return this.#tails.has(key)
  }

  /** Runs a task after all earlier ones of its key, and settles as the task does. */
  async enqueue<T>(key: string, task: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key)
    const turn = before ? before.then(task, task) : task()
    this.#tails.set(key, turn)
    try {
      return await turn
    } finally {
      if (this.#tails.get(key) === turn) this.#tails.delete(key)
    }
  }

  /** The earlier name of `enqueue`, for stores that use it. */
  run<T>(key: string, task: () => Promise<T>): Promise<T> {
    return this.enqueue(key, task)
  }
}
