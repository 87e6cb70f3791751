import type { Clock } from './clock.js'
import { newApiTicket } from './ids.js'
import { Lease, type Leased } from './lease.js'
import type { SandboxSettings } from './settings.js'

export type TicketType = 'jsapi' | 'wx_card'

/** The tickets with which apps sign for the JS-SDK and for cards. */
export class ApiTickets {
  readonly #leases = new Map<string, Lease>()
  readonly #clock: Clock
  readonly #settings: SandboxSettings

  constructor(clock: Clock, settings: SandboxSettings) {
    this.#clock = clock
    this.#settings = settings
  }

  take(appId: string, type: TicketType): Leased {
    return this.#leaseOf(appId, type).take(this.#clock.now(), this.#settings.ticketLifetime)
  }

  /** Returns the tickets that are valid now. */
  valid(appId: string, type: TicketType): string[] {
    return this.#leaseOf(appId, type).valid(this.#clock.now())
  }

  reset(): void {
    this.#leases.clear()
  }

  #leaseOf(appId: string, type: TicketType): Lease {
    const key = JSON.stringify([appId, type])
    const lease = this.#leases.get(key) ?? new Lease(newApiTicket)
    this.#leases.set(key, lease)
    return lease
  }
}
