import { BoundedMap } from '../lib/bounded-map.js'

/** A unionid from WeChat, and the number of the question that it answers: a later question has a greater number. */
export interface Told {
  unionid: string
  order: number
}

/** @param take - returns the unionid to write. A unionid that comes after this call needs another write */
type Write = (openid: string, take: () => Told) => Promise<void>

interface Pending {
  told: Told
  isTaken: boolean
  done: Promise<void>
}

// Overlapping replies arrive within a few seconds of each other, so a limited number is enough.
const mostRemembered = 1000

/** Writes unionids from WeChat. All waiting callers share one write, which saves the newest unionid. */
export class ToldUnionids {
  readonly #write: Write
  readonly #pending = new Map<string, Pending>()
  /** The number of the latest question for each openid. */
  readonly #newest = new BoundedMap<string, number>(mostRemembered)

  constructor(write: Write) {
    this.#write = write
  }

  /**
   * Settles as the write does.
   *
   * @param isSaved - whether the record had this unionid when WeChat was asked
   */
  async save(openid: string, told: Told, isSaved: boolean): Promise<void> {
    const pending = this.#pending.get(openid)
    if ((this.#newest.get(openid) ?? 0) > told.order) return pending?.done
    this.#newest.set(openid, told.order)
    if (pending && !pending.isTaken) pending.told = told
    if (pending?.told.unionid === told.unionid) return pending.done
    return isSaved && !pending ? undefined : this.#start(openid, told)
  }

  async #start(openid: string, told: Told): Promise<void> {
    const pending: Pending = { told, isTaken: false, done: Promise.resolve() }
    this.#pending.set(openid, pending)
    pending.done = this.#write(openid, () => {
      pending.isTaken = true
      return pending.told
    })
    try {
      await pending.done
    } finally {
      if (this.#pending.get(openid) === pending) this.#pending.delete(openid)
    }
  }
}
