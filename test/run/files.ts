import { readdirSync } from 'node:fs'
import { root } from '../helpers/run.js'

/** Files of the long suite: what is slow, what repeats, and what needs installations of its own. */
const long = /\.long\.test\.ts$/

/** What keeps processors busy, and what mostly waits for servers, locks and lifetimes. Everything else is short. */
const busy = /^test\/(?:e2e|dist|integration\/(?:faults|examples|readme))\//
const waiting = /^test\/(?:conformance|integration\/store-\w+|unit\/store-conformance)\//

/**
 * The files of tests, in the order in which they are best run.
 *
 * @param words - only files whose path has one of these in it; all where there are none
 */
export function testFiles({ isLong, words }: { isLong: boolean, words: readonly string[] }): string[] {
  const files = readdirSync(`${root}test`, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => `test/${file.replaceAll('\\', '/')}`)
  const chosen = files
    .filter((file) => isLong || !long.test(file))
    .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
    .sort()
  return [
    // Beside each other, so that they do not wait for the same thing; and at the beginning, so that none of them runs alone at the end.
    ...inTurns(chosen.filter((file) => busy.test(file)), chosen.filter((file) => waiting.test(file))),
    ...chosen.filter((file) => !busy.test(file) && !waiting.test(file)),
  ]
}

function inTurns(some: readonly string[], others: readonly string[]): string[] {
  const length = Math.max(some.length, others.length)
  const pairs = Array.from({ length }, (_, index) => [some[index], others[index]])
  return pairs.flat().filter((file) => file !== undefined)
}
