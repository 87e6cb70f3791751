import { createRequire } from 'node:module'
import { root } from './run.js'

const require = createRequire(import.meta.url)

/** Loads packages as the tests do, and returns the paths, below `packages/`, of all files that this process has loaded from there. */
export function loadedFiles(names: readonly string[]): string[] {
  // Mocha requires the tests, and tsx translates them to CommonJS for that, with all that they import.
  for (const name of names) require(name)
  return Object.keys(require.cache)
    .filter((file) => file.startsWith(`${root}packages/`))
    .map((file) => file.slice(`${root}packages/`.length))
}
