import type { Context } from 'mocha'
import { installed } from './packages.js'

/** The last versions that accept callbacks, by the names under which they are installed. */
const packages = {
  mysql: 'mysql@2.18.1',
  'redis-3': 'redis-3@npm:redis@3.1.2',
  ioredis: 'ioredis@5.11.1',
  'mongodb-3': 'mongodb-3@npm:mongodb@3.7.4',
  'mongoose-5': 'mongoose-5@npm:mongoose@5.13.23',
  'mongoose-6': 'mongoose-6@npm:mongoose@6.13.11',
} as const

export type CallbackDriver = keyof typeof packages

/**
 * Installs the drivers for the tests and returns a `require` for them. If that fails, skips the test, or from a
 * `before` hook its suite.
 */
export async function callbackDrivers(context: Context): Promise<(name: CallbackDriver) => unknown> {
  const { require } = await installed(context, 'callback-drivers', Object.values(packages))
  return (name) => require(name) as unknown
}
