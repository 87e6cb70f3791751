import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Context } from 'mocha'
import type { ExampleOptions, RunningExample } from '../../examples/shared/framework.js'
import { root, run } from '../helpers/run.js'
import { climb, orSkip, share } from './ladder.js'
import { npm } from './npm.js'

/** The example of a framework, with the packages that its `package.json` names. */
export interface Framework {
  /** Starts the application of the example. */
  startApp: (options: ExampleOptions & { variant?: string }) => Promise<RunningExample>
  /** Loads one of the packages. */
  load: (name: string) => unknown
  /** Checks the types of the example. Returns what the compiler prints. */
  checkTypes: () => Promise<string>
}

/**
 * Installs what an example needs into its folder, as `npm run example` does. If that fails, the test is skipped,
 * or its suite if this is called from a `before` hook.
 *
 * @param name - folder in `examples/`
 */
export async function framework(context: Context, name: string): Promise<Framework> {
  const folder = join(root, 'examples', name)
  const rungs = [{ name: 'npm', get: () => install(folder) }]
  const advice = 'the package registry must be reachable'
  await orSkip(context, () => share(name, () => climb<true>(`packages for examples/${name}`, rungs, advice)))
  // tsx cannot load this module with `require`, as mocha does with tests.
  const { tsImport } = await import('tsx/esm/api')
  const options = { parentURL: import.meta.url, tsconfig: join(folder, 'tsconfig.json') }
  const { startApp } = (await tsImport(join(folder, 'src/app.ts'), options)) as Pick<Framework, 'startApp'>
  const require = createRequire(join(folder, 'index.js'))
  return {
    startApp,
    load: (specifier) => require(specifier) as unknown,
    checkTypes: async () => {
      const compiler = join(root, 'node_modules/typescript/bin/tsc')
      return (await run(process.execPath, [compiler, '-p', folder])).stdout
    },
  }
}

/** Returns the reason if the packages cannot be installed. */
async function install(folder: string): Promise<true | string> {
  const wanted = await readFile(join(folder, 'package.json'), 'utf8')
  const key = createHash('sha256').update([process.platform, process.arch, wanted].join(' ')).digest('hex')
  const stamp = join(folder, 'node_modules', '.installed-for-tests')
  if ((await readFile(stamp, 'utf8').catch(() => '')) === key) return true
  try {
    await npm(folder, 'install', '--prefix', folder, '--no-package-lock', '--prefer-offline')
    await writeFile(stamp, key)
    return true
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
