import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { resultsFolder } from './folders.js'
import type { Report } from './report.js'

/** A report, with the date and the machine. */
export interface Result extends Report {
  readonly benchmark: string
  readonly title: string
  readonly date: string
  readonly machine: string
  readonly node: string
}

export function save(benchmark: string, title: string, report: Report): Result {
  const result: Result = {
    benchmark,
    title,
    date: new Date().toISOString().slice(0, 10),
    machine: `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GB, ${process.platform} ${process.arch}`,
    node: process.version,
    ...report,
  }
  mkdirSync(resultsFolder, { recursive: true })
  writeFileSync(`${resultsFolder}${benchmark}.json`, `${JSON.stringify(result, roundNumbers, 2)}\n`)
  return result
}

/** The last result of each benchmark, by name. */
export function savedResults(): Map<string, Result> {
  const files = readdirSync(resultsFolder)
    .filter((file) => file.endsWith('.json'))
    .sort()
  return new Map(
    files.map((file) => {
      const result = JSON.parse(readFileSync(`${resultsFolder}${file}`, 'utf8')) as Result
      return [result.benchmark, result]
    }),
  )
}

// Five digits: more than a reader needs, but less than the noise.
function roundNumbers(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(5)) : value
}
