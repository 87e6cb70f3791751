/**
 * The pending look-ups of states. A store behind a network can answer the second of two equal callbacks (not found) before it
 * answers the first (found).
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

  /** Waits for the look-ups of this state that are pending now. Each has its own time limit. */
  async settled(state: string): Promise<void> {
    await Promise.allSettled([...(this.#running.get(state) ?? [])])
  }
}
