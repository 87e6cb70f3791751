import { createHash } from 'node:crypto'
import { copyFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Context } from 'mocha'
import { root } from '../helpers/run.js'
import { cachedFolder } from './cache.js'
import { climb, orSkip, share } from './ladder.js'
import { npm } from './npm.js'

const source = join(root, 'bench')
const files = ['package.json', 'package-lock.json', '.npmrc']

/** The packages of other authors, in the versions that `bench` has locked. */
interface Competitors {
  modules: string
}

/** Installs them for the tests and returns their `node_modules`. If that fails, skips the test, or from a `before` hook its suite. */
export async function competitors(context: Context): Promise<string> {
  const { modules } = await orSkip(context, () =>
    share('competitors', () =>
      climb<Competitors>(
        'packages of other authors',
        [{ name: 'npm', get: install }],
        'connect to the npm registry',
      ),
    ),
  )
  return modules
}

async function install(): Promise<Competitors | string> {
  try {
    const lock = await readFile(join(source, 'package-lock.json'))
    const folder = await cachedFolder(
      `bench-${createHash('sha256').update(lock).digest('hex').slice(0, 16)}`,
      async (draft) => {
        for (const file of files) await copyFile(join(source, file), join(draft, file))
        await npm(draft, 'ci', '--prefer-offline', '--ignore-scripts')
      },
    )
    return { modules: join(folder, 'node_modules') }
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
