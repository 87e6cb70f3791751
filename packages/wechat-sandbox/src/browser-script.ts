import { readFileSync } from 'node:fs'

/**
 * Reads a script of `browser/`. In the bundle, which `scripts/bundle.js` makes, this module contains the scripts instead. Browsers
 * hash a script after they have read each line end as `\n`, so the page must contain it that way.
 */
export function readBrowserScript(name: string): string {
  return readFileSync(new URL(`../browser/${name}.js`, import.meta.url), 'utf8').replaceAll('\r\n', '\n')
}
