import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs'
import { dirname } from 'node:path'
import { skipReason } from '../helpers/skip.js'
import type { FromWorker } from './messages.js'

const interval = 20_000
const slowestShown = 20

/**
 * Prints the progress of the tests: on a terminal in one line that changes, elsewhere in a new line every 20 seconds. Prints
 * each failure at once with all details, and writes the full report to a file.
 */
export class Progress {
  readonly #total: number
  readonly #report: WriteStream
  readonly #running = new Set<string>()
  readonly #times = new Map<string, number>()
  readonly #skipped = new Map<string, number>()
  readonly #seen = new Map<string, string[]>()
  readonly #timer: NodeJS.Timeout
  readonly #isTerminal = process.stdout.isTTY
  #passed = 0
  #failed = 0

  constructor(total: number, reportFile: string) {
    this.#total = total
    mkdirSync(dirname(reportFile), { recursive: true })
    this.#report = createWriteStream(reportFile)
    this.#timer = setInterval(() => this.#show(), this.#isTerminal ? 500 : interval)
  }

  get failed(): number {
    return this.#failed
  }

  start(file: string): void {
    this.#running.add(file)
    this.#seen.set(file, [])
  }

  hear(file: string, message: FromWorker): void {
    switch (message.kind) {
      case 'passed':
        this.#passed += 1
        this.#note(file, `  passed  ${message.titles.join(' › ')} (${message.ms} ms)`)
        break
      case 'skipped':
        this.#countSkipped(message.titles)
        this.#note(file, `  skipped ${message.titles.join(' › ')}`)
        break
      case 'failed': {
        this.#failed += 1
        const { message: text, stack, diff } = message.failure
        const all = [`${message.titles.join(' › ')} (${file})`, stack || text, diff]
          .filter((part) => part !== '')
          .join('\n')
        this.#note(file, `  FAILED  ${all}`)
        this.print(`\nFAILED ${all}\n`)
        break
      }
      case 'done':
        this.#running.delete(file)
        this.#times.set(file, message.ms)
        this.#report.write(
          `${file} (${Math.round(message.ms)} ms)\n${(this.#seen.get(file) ?? []).join('\n')}\n`,
        )
        this.#seen.delete(file)
    }
  }

  /** Adds the output of a worker to the report. */
  record(text: string): void {
    this.#report.write(text)
  }

  print(text: string): void {
    this.#clear()
    process.stdout.write(text.endsWith('\n') ? text : `${text}\n`)
  }

  /** Closes the report, and prints the skipped tests with their reasons and the slowest files. */
  async end(): Promise<void> {
    clearInterval(this.#timer)
    this.#clear()
    if (this.#skipped.size > 0) console.log('\nSkipped:')
    for (const [reason, count] of this.#skipped) console.log(`  ${count} × ${reason}`)
    const slowest = [...this.#times].sort(([, a], [, b]) => b - a).slice(0, slowestShown)
    console.log('\nThe slowest files:')
    for (const [file, ms] of slowest) console.log(`  ${(ms / 1000).toFixed(1).padStart(6)} s  ${file}`)
    await new Promise((resolve) => this.#report.end(resolve))
  }

  get summary(): string {
    return `${this.#passed} passed, ${this.#failed} failed, ${[...this.#skipped.values()].reduce((sum, count) => sum + count, 0)} skipped`
  }

  #countSkipped(titles: readonly string[]): void {
    const reason =
      titles.map(skipReason).findLast((found) => found !== undefined) ??
      `no reason given: ${titles.join(' › ')}`
    this.#skipped.set(reason, (this.#skipped.get(reason) ?? 0) + 1)
  }

  #note(file: string, line: string): void {
    this.#seen.get(file)?.push(line)
  }

  #show(): void {
    const line = `${this.#times.size} of ${this.#total} files, ${this.#passed} passed, ${this.#failed} failed; now ${[...this.#running].join(', ')}`
    if (!this.#isTerminal) process.stdout.write(`${line}\n`)
    else process.stdout.write(`\r\x1b[K${line.slice(0, process.stdout.columns - 1)}`)
  }

  #clear(): void {
    if (this.#isTerminal) process.stdout.write('\r\x1b[K')
  }
}
