/** Runs tasks of one key one after another, tasks of different keys side by side. */
export class KeyedQueue {
  readonly #tails = new Map<string, Promise<unknown>>()

  /** Whether a task of this key would have to wait. */
  isBusy(key: string): boolean {
    return this.#tails.has(key)
  }

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
}
