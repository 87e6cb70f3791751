import { BoundedMap } from './bounded-map.js'
import type { Clock } from './clock.js'
import { newSceneTicket, newSceneURL } from './ids.js'

/** A QR code of an official account with a scene, which says where it was scanned. */
export interface SceneCode {
  ticket: string
  /** the content of the code */
  url: string
}

interface Entry {
  code: SceneCode
  expiresAt: number
}

/** The QR codes with a scene. */
export class Scenes {
  readonly #byTicket = new BoundedMap<string, Entry>(100_000)
  readonly #permanent = new Map<string, Map<string, SceneCode>>()
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Creates a code that expires after so many seconds. */
  temporary(seconds: number): SceneCode {
    return this.#add(this.#clock.now() + seconds * 1000)
  }

  /** Returns the permanent code of a scene, or `undefined` if the app has reached its limit. */
  permanent(appId: string, scene: number | string, limit: number): SceneCode | undefined {
    const codes = this.#permanent.get(appId) ?? new Map<string, SceneCode>()
    this.#permanent.set(appId, codes)
    const key = JSON.stringify(scene)
    const known = codes.get(key)
    if (known || codes.size >= limit) return known
    const code = this.#add(Infinity)
    codes.set(key, code)
    return code
  }

  find(ticket: string): SceneCode | undefined {
    const entry = this.#byTicket.get(ticket)
    return entry && this.#clock.now() < entry.expiresAt ? entry.code : undefined
  }

  reset(): void {
    this.#byTicket.clear()
    this.#permanent.clear()
  }

  #add(expiresAt: number): SceneCode {
    const url = newSceneURL()
    const code = { ticket: newSceneTicket(url), url }
    this.#byTicket.set(code.ticket, { code, expiresAt })
    return code
  }
}
