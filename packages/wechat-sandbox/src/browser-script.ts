import { readFileSync } from 'node:fs'

/** Reads a script of `browser/`. In the bundle, which `scripts/bundle.js` makes, this module contains the scripts instead. */
export function readBrowserScript(name: string): string {
  return readFileSync(new URL(`../browser/${name}.js`, import.meta.url), 'utf8')
}
