/** The middle of measurements, and the middle half of them around it. */
export interface Spread {
  readonly median: number
  /** A quarter of the measurements are below. */
  readonly q1: number
  /** A quarter of the measurements are above. */
  readonly q3: number
  /** How many there were. */
  readonly n: number
}

/** The value below which the given part of the measurements lies, interpolated between neighbours. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const position = (sorted.length - 1) * part
  const below = sorted[Math.floor(position)]
  const above = sorted[Math.ceil(position)]
  if (below === undefined || above === undefined) throw new RangeError('There are no measurements')
  return below + (above - below) * (position - Math.floor(position))
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

export function spreadOf(values: readonly number[]): Spread {
  return { median: median(values), q1: quantile(values, 0.25), q3: quantile(values, 0.75), n: values.length }
}

/** A value that does not scatter: something that was counted. */
export function exactly(value: number): Spread {
  return { median: value, q1: value, q3: value, n: 1 }
}

/** Differences within pairs: what disturbed both of a pair is not in them. */
export function differences(ours: readonly number[], theirs: readonly number[]): number[] {
  if (ours.length !== theirs.length) throw new RangeError('Not pairs')
  return ours.map((value, index) => value - (theirs[index] ?? NaN))
}

/** Ratios within pairs. */
export function ratios(ours: readonly number[], theirs: readonly number[]): number[] {
  if (ours.length !== theirs.length) throw new RangeError('Not pairs')
  return ours.map((value, index) => value / (theirs[index] ?? NaN))
}
