import type { Context } from 'mocha'
import { run } from '../helpers/run.js'
import { climb, orSkip, share } from './ladder.js'
import { npmErrors } from './npm.js'

/** A program that runs JavaScript. npm has a package with it. */
export interface Runtime {
  /** As people write it, with the version that is tested. */
  readonly name: string
  /** What npm downloads. */
  readonly spec: string
  /** The arguments before the name of a file that it runs. */
  readonly args: readonly string[]
  /** The arguments that print its own path. */
  readonly printPath: readonly string[]
}

export const bun: Runtime = {
  name: 'Bun 1.4',
  spec: 'bun@~1.4.5',
  args: [],
  printPath: ['-p', 'process.execPath'],
}
export const deno: Runtime = {
  name: 'Deno 2.9',
  spec: 'deno@~2.9.6',
  args: ['run', '--allow-all'],
  printPath: ['eval', 'console.log(Deno.execPath())'],
}

/** @param version - one version, or the first part of it for the newest */
export function node(version: string | number): Runtime {
  return {
    name: `Node.js ${version}`,
    spec: `node@${version}`,
    args: [],
    printPath: ['-p', 'process.execPath'],
  }
}

/** Downloads a runtime through npm, unless npm has it already. @returns its path, or the reason why there is none */
export async function download({ spec, printPath }: Runtime): Promise<{ path: string } | string> {
  const { code, stdout, stderr } = await run('npx', ['--yes', spec, ...printPath])
  if (code === 0) return { path: stdout.trim() }
  return `npm could not download it: ${npmErrors(stderr)}`
}

/** Returns the path of a runtime, or skips the test or suite with the reason. */
export async function findRuntime(context: Context, runtime: Runtime): Promise<string> {
  const { name, spec } = runtime
  return orSkip(context, async () => {
    const found = await share(spec, () =>
      climb(name, [{ name: 'npm', get: () => download(runtime) }], 'npm must be able to install it'),
    )
    return found.path
  })
}
