/** A map that keeps the keys that were set last: beyond `max`, it drops the one that was set longest ago. */
export class BoundedMap<Key, Value> extends Map<Key, Value> {
  readonly #max: number
  readonly #onDropped: ((key: Key) => void) | undefined

  /** @param onDropped - called after a key was dropped because the map was full */
  constructor(max: number, onDropped?: (key: Key) => void) {
    super()
    this.#max = max
    this.#onDropped = onDropped
  }

  /** Sets a key, which is now the newest, whether it is new or not. */
  override set(key: Key, value: Value): this {
    super.delete(key)
    super.set(key, value)
    for (const oldest of this.keys()) {
      if (this.size <= this.#max) break
      super.delete(oldest)
      this.#onDropped?.(oldest)
    }
    return this
  }
}
