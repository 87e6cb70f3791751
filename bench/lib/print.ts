import { isMet, type Claim, type Report, type Row } from './report.js'
import type { Spread } from './statistics.js'

/** Formats a report for a terminal: medians, the middle half of the measurements, and ratios to ours. */
export function printable({ subjects, rows, claims, notes }: Report): string {
  const [ours = ''] = subjects
  const head = ['', ...subjects]
  const body = rows.map((row) => [
    row.what + (row.unit === '' ? '' : ` (${row.unit})`),
    ...subjects.map((subject) => cell(row, subject, ours)),
  ])
  return [
    ...table([head, ...body]),
    ...(claims.length > 0 ? ['', ...claims.map(printableClaim)] : []),
    ...(notes.length > 0 ? ['', ...notes.map((note) => `* ${note}`)] : []),
  ].join('\n')
}

export function printableClaim(claim: Claim): string {
  const unit = claim.unit === '' ? '' : ` ${claim.unit}`
  return `${isMet(claim) ? 'kept  ' : 'MISSED'} ${claim.claim}: ${rounded(claim.value)}${unit}, at most ${rounded(claim.limit)}${unit}`
}

/** Rounds to three significant digits, but never rounds whole numbers. */
export function rounded(value: number): string {
  if (Number.isInteger(value) || Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US')
  return Number(value.toPrecision(3)).toString()
}

/** Returns the ratio to ours, or an empty text for ours or if there is no ratio. */
function timesOurs(row: Row, subject: string, ours: string): string {
  const [theirs, own] = [row.values[subject], row.values[ours]]
  if (subject === ours || typeof theirs !== 'object' || typeof own !== 'object' || own.median === 0) return ''
  return `${rounded(Number((theirs.median / own.median).toPrecision(2)))}×`
}

function isScattered({ q1, q3 }: Spread): boolean {
  return q1 !== q3
}

/** Formats the median, the middle half of the measurements if they differ, and the ratio to ours. */
export function cell(row: Row, subject: string, ours: string): string {
  const value = row.values[subject]
  if (value === undefined) return '–'
  if (typeof value === 'string') return value
  const spread = isScattered(value) ? ` [${rounded(value.q1)}…${rounded(value.q3)}]` : ''
  const times = timesOurs(row, subject, ours)
  return `${rounded(value.median)}${spread}${times === '' ? '' : ` ${times}`}`
}

function table(rows: string[][]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  )
  return rows.map((row) =>
    row
      .map((text, column) => text.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}
