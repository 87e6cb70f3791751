import type { Row } from './report.js'
import type { Spread } from './statistics.js'

/** A row of what was measured of each subject. */
export function row<T>(
  what: string,
  unit: string,
  measured: ReadonlyMap<string, T>,
  spread: (value: T) => Spread | string,
): Row {
  return {
    what,
    unit,
    values: Object.fromEntries([...measured].map(([subject, value]) => [subject, spread(value)])),
  }
}
