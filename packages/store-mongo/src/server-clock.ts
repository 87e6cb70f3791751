import { types } from 'node:util'
import type { MongoDatabase } from './mongoose-connection.js'

/** Milliseconds since the epoch. */
export interface ServerTime {
  /** The earliest time that it can be. */
  atLeast(): number
  /** The latest time that it can be. */
  atMost(): number
}

/**
 * Reads the server's clock, which all processes that share a lock have in common, even if their own clocks differ. If a server
 * does not report its time (MongoDB does), this machine's clock is used.
 */
export async function serverTime(database: MongoDatabase): Promise<ServerTime> {
  const asked = performance.now()
  const { localTime } = (await database.command({ hello: 1 }, {})) as { localTime?: unknown }
  const answered = performance.now()
  const told = types.isDate(localTime) ? localTime.getTime() : undefined
  return {
    atLeast: () => (told === undefined ? Date.now() : told + performance.now() - answered),
    atMost: () => (told === undefined ? Date.now() : told + performance.now() - asked),
  }
}
