import { readdirSync } from 'node:fs'
import { root } from '../helpers/run.js'

/** Files of the long suite: what is slow, what repeats, and what needs installations of its own. */
const long = /\.long\.test\.ts$/

/** What keeps processors busy for a long time. */
const busy = /^test\/(?:e2e|dist|integration\/(?:faults|examples|readme))\//
/** What mostly waits for servers, locks and lifetimes. */
const waiting = /^test\/(?:conformance|integration\/store-\w+|unit\/store-conformance)\//

export interface TestFiles {
  /** In the order in which they are best run: no long file runs alone at the end. */
  working: readonly string[]
  /** Files that leave a processor free while they run. */
  waiting: readonly string[]
}

/**
 * Finds the files of tests.
 *
 * @param words - only files whose path has one of these in it; all files if there are none
 */
export function testFiles({ isLong, words }: { isLong: boolean; words: readonly string[] }): TestFiles {
  const files = readdirSync(`${root}test`, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => `test/${file.replaceAll('\\', '/')}`)
    .filter((file) => isLong || !long.test(file))
    .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
    .sort()
  const working = files.filter((file) => !waiting.test(file))
  return {
    working: [...working.filter((file) => busy.test(file)), ...working.filter((file) => !busy.test(file))],
    waiting: files.filter((file) => waiting.test(file)),
  }
}
