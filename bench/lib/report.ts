import type { Spread } from './statistics.js'

/** What `bench/<name>/index.ts` exports. */
export interface Benchmark {
  /** One line that says what is measured. */
  readonly title: string
  /** Rejects if something does not work. A benchmark without measurements returns no report. */
  run(): Promise<Report | undefined>
}

export interface Report {
  /** The measured packages with their versions, ours first. */
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
  /** Default `false`: less is better. */
  readonly moreIsBetter?: boolean
  /** By subject. A subject that cannot do this is missing, or has a text with the reason. */
  readonly values: Readonly<Record<string, Spread | string>>
}

/** A promise about our packages, with a limit. */
export interface Claim {
  readonly claim: string
  readonly unit: string
  readonly value: number
  /** The highest value that keeps the promise. */
  readonly limit: number
}

export function isMet({ value, limit }: Claim): boolean {
  return value <= limit
}
