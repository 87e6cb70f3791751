/**
 * The look-ups of states that are under way. A store over a network can tell the second of two equal callbacks that the state
 * is gone before it tells the first that it was found.
 */
export class LookUps {
  readonly #running = new Map<string, Set<Promise<unknown>>>()

  add(state: string, lookUp: Promise<unknown>): void {
    const running = this.#running.get(state) ?? new Set()
    const remove = () => {
      running.delete(lookUp)
      if (running.size === 0) this.#running.delete(state)
    }
    this.#running.set(state, running.add(lookUp))
    lookUp.then(remove, remove)
  }

  /** Waits for those of this state that are under way now; each of them has a time limit of its own. */
  async settled(state: string): Promise<void> {
    await Promise.allSettled([...(this.#running.get(state) ?? [])])
  }
}
