import { readdirSync } from 'node:fs'
import { root } from '../helpers/run.js'

/** Matches files of the long suite: slow tests, repetitions, and tests that install something. */
const long = /\.long\.test\.ts$/

/** Matches files that keep a processor busy for a long time. */
const busy = /^test\/(?:e2e|dist|integration\/(?:faults|examples|readme))\//
/** Matches files that mostly wait for servers, locks and lifetimes. */
const waiting = /^test\/(?:conformance|integration\/store-\w+|unit\/store-conformance)\//

export interface TestFiles {
  /** In an order in which no long file runs alone at the end. */
  working: readonly string[]
  /** Files that hardly use a processor. */
  waiting: readonly string[]
}

/**
 * Finds the test files.
 *
 * @param words - selects the files whose path contains one of these; all files if empty
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
