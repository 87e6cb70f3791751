import { createHash } from 'node:crypto'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Context } from 'mocha'
import { cachedFolder } from './cache.js'
import { climb, orSkip, share } from './ladder.js'
import { npm } from './npm.js'

/** Packages of other authors, in a folder of their own. Modules in this folder find the packages of the workspace too. */
export interface Installed {
  folder: string
  require: NodeJS.Require
}

/**
 * Installs packages of other authors for the tests. If that fails, skips the test, or from a `before` hook its suite.
 *
 * @param name - of the set, for the folder and for messages: small letters and hyphens
 * @param packages - as `npm install` takes them, with exact versions
 */
export async function installed(
  context: Context,
  name: string,
  packages: readonly string[],
): Promise<Installed> {
  const rungs = [{ name: 'npm', get: () => install(name, packages) }]
  const advice = 'connect to the npm registry'
  return orSkip(context, () => share(name, () => climb(`packages (${name})`, rungs, advice)))
}

async function install(name: string, packages: readonly string[]): Promise<Installed | string> {
  try {
    const hash = createHash('sha256').update(packages.join()).digest('hex').slice(0, 16)
    const options = ['--no-save', '--no-package-lock', '--ignore-scripts', '--prefer-offline']
    const folder = await cachedFolder(`${name}-${hash}`, (draft) =>
      npm(draft, 'install', '--prefix', draft, ...options, ...packages),
    )
    return { folder, require: createRequire(join(folder, 'index.js')) }
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
