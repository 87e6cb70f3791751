import type { Spread } from './statistics.js'

/** What `bench/<name>/index.ts` exports. */
export interface Benchmark {
  /** One line for people: what is measured. */
  readonly title: string
  /** Rejects where something did not work at all. A benchmark that measures nothing, and only tries things, need not report. */
  run(): Promise<Report | undefined>
}

export interface Report {
  /** Who was measured, with versions; ours first. */
  readonly subjects: readonly string[]
  readonly rows: readonly Row[]
  readonly claims: readonly Claim[]
  /** What a reader must know to judge the figures. */
  readonly notes: readonly string[]
}

/** One measurement of several subjects under the same conditions. */
export interface Row {
  readonly what: string
  readonly unit: string
  /** Spoken of as "times less" or "times more". Default: less is better. */
  readonly moreIsBetter?: boolean
  /** By subject; one that cannot do this at all is missing, or has a text that says why. */
  readonly values: Readonly<Record<string, Spread | string>>
}

/** What is promised of ours, with a bound. */
export interface Claim {
  readonly claim: string
  readonly unit: string
  readonly value: number
  /** The value must not be above it. */
  readonly limit: number
}

export function isMet({ value, limit }: Claim): boolean {
  return value <= limit
}
