import { BoundedMap } from './bounded-map.js'
import type { Clock } from './clock.js'
import { newUuid } from './ids.js'
import type { SandboxSettings } from './settings.js'

export type QrStatus = 'waiting' | 'scanned' | 'confirmed' | 'cancelled' | 'expired'

/** A QR code on a page. */
export interface QrTicket {
  readonly uuid: string
  readonly appId: string
  readonly scope: string
  readonly expiresAt: number
}

interface Entry {
  ticket: QrTicket
  status: Exclude<QrStatus, 'expired'>
  code: string
}

export interface QrProgress {
  status: QrStatus
  /** the code, once confirmed */
  code: string
}

/** The QR codes shown so far, and their progress. */
export class QrTickets {
  readonly #entries = new BoundedMap<string, Entry>(10_000)
  readonly #waiting = new Map<string, Set<() => void>>()
  readonly #clock: Clock
  readonly #settings: SandboxSettings

  constructor(clock: Clock, settings: SandboxSettings) {
    this.#clock = clock
    this.#settings = settings
    clock.onAdvance(() => this.#wakeAll())
  }

  open(appId: string, scope: string): QrTicket {
    const ticket = { uuid: newUuid(), appId, scope, expiresAt: this.#clock.now() + this.#settings.qrLifetime }
    this.#entries.set(ticket.uuid, { ticket, status: 'waiting', code: '' })
    return ticket
  }

  find(uuid: string): QrTicket | undefined {
    return this.#entries.get(uuid)?.ticket
  }

  /** Returns the progress of a code. An unknown uuid counts as expired. */
  progress(uuid: string): QrProgress {
    const entry = this.#entries.get(uuid)
    if (!entry || this.#clock.now() >= entry.ticket.expiresAt) return { status: 'expired', code: '' }
    return { status: entry.status, code: entry.code }
  }

  /** Marks a code as scanned. A cancelled code can be scanned again. */
  scan(uuid: string): void {
    this.#change(uuid, 'scanned', '')
  }

  confirm(uuid: string, code: string): void {
    this.#change(uuid, 'confirmed', code)
  }

  cancel(uuid: string): void {
    this.#change(uuid, 'cancelled', '')
  }

  /** Resolves when the progress may have changed, after `timeout` ms, when the code expires or when `signal` is aborted. */
  async change(uuid: string, timeout: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    const left = (this.find(uuid)?.expiresAt ?? 0) - this.#clock.now()
    const waiting = this.#waiting.get(uuid) ?? new Set()
    this.#waiting.set(uuid, waiting)
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        waiting.delete(done)
        if (waiting.size === 0) this.#waiting.delete(uuid)
        resolve()
      }
      const timer = setTimeout(done, Math.max(0, Math.min(timeout, left)))
      signal.addEventListener('abort', done)
      waiting.add(done)
    })
  }

  reset(): void {
    this.#entries.clear()
    this.#wakeAll()
  }

  #change(uuid: string, status: Entry['status'], code: string): void {
    const entry = this.#entries.get(uuid)
    if (!entry || entry.status === 'confirmed' || this.progress(uuid).status === 'expired') return
    entry.status = status
    entry.code = code
    for (const wake of [...(this.#waiting.get(uuid) ?? [])]) wake()
  }

  #wakeAll(): void {
    for (const waiting of [...this.#waiting.values()]) for (const wake of [...waiting]) wake()
  }
}
