import { createHash } from 'node:crypto'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Context } from 'mocha'
import { cachedFolder } from './cache.js'
import { climb, orSkip, share } from './ladder.js'
import { npm } from './npm.js'

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
  const rungs = [{ name: 'npm', get: install }]
  const advice = 'connect to the npm registry'
  const find = (): Promise<NodeJS.Require> => climb('database drivers with callbacks', rungs, advice)
  const require = await orSkip(context, () => share('callback-drivers', find))
  return (name) => require(name) as unknown
}

async function install(): Promise<NodeJS.Require | string> {
  try {
    const wanted = Object.values(packages)
    const hash = createHash('sha256').update(wanted.join()).digest('hex').slice(0, 16)
    const options = ['--no-save', '--no-package-lock', '--ignore-scripts', '--prefer-offline']
    const folder = await cachedFolder(`callback-drivers-${hash}`, (draft) =>
      npm(draft, 'install', '--prefix', draft, ...options, ...wanted),
    )
    return createRequire(join(folder, 'index.js'))
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
