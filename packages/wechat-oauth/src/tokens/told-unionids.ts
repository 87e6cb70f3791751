import { BoundedMap } from '../lib/bounded-map.js'

/** A unionid that WeChat told, and which question of this process it answers: the later, the greater. */
export interface Told {
  unionid: string
  order: number
}

/** @param take - what is to be written: what is told from then on needs another write */
type Write = (openid: string, take: () => Told) => Promise<void>

interface Pending {
  told: Told
  isTaken: boolean
  done: Promise<void>
}

// Answers that overlap come within a few seconds.
const mostRemembered = 1000

/** Has unionids written that WeChat told: one write for all who wait, and of several unionids the newest. */
export class ToldUnionids {
  readonly #write: Write
  readonly #pending = new Map<string, Pending>()
  /** Orders. */
  readonly #newest = new BoundedMap<string, number>(mostRemembered)

  constructor(write: Write) {
    this.#write = write
  }

  /**
   * Settles as the write does.
   *
   * @param isSaved - the record had this unionid when WeChat was asked
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
