import { types } from 'node:util'
import type { MongoDatabase } from './mongoose-connection.js'

/** Milliseconds since the epoch. */
export interface ServerTime {
  /** It is not earlier than that. */
  atLeast(): number
  /** It is not later than that. */
  atMost(): number
}

/**
 * The clock of the server: all who share a lock read the same one, however their machines' clocks differ. A server that
 * does not tell its time (MongoDB does) is assumed to go like this machine.
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
