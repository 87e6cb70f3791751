import { resolve } from 'node:path'
import Mocha, { type Runnable, type Suite, type Test } from 'mocha'
import { mochaHooks } from '../setup.js'
import type { FromWorker, Failure, ToWorker } from './messages.js'

// Runs the test files that it gets, one after another. The files of one process share its servers.

function send(message: FromWorker): void {
  process.send?.(message)
}

class Messages extends Mocha.reporters.Base {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options)
    const { EVENT_TEST_PASS, EVENT_TEST_FAIL, EVENT_TEST_PENDING } = Mocha.Runner.constants
    runner.on(EVENT_TEST_PASS, (test: Test) =>
      send({ kind: 'passed', titles: readTitles(test), ms: test.duration ?? 0 }),
    )
    runner.on(EVENT_TEST_PENDING, (test: Test) => send({ kind: 'skipped', titles: readTitles(test) }))
    runner.on(EVENT_TEST_FAIL, (test: Test, error: unknown) =>
      send({ kind: 'failed', titles: readTitles(test), failure: toFailure(error) }),
    )
  }
}

function readTitles(runnable: Runnable): string[] {
  const titles = [runnable.title]
  for (let suite: Suite | undefined = runnable.parent; suite && !suite.root; suite = suite.parent)
    titles.unshift(suite.title)
  return titles
}

function toFailure(error: unknown): Failure {
  const {
    message = String(error),
    stack = '',
    actual,
    expected,
    showDiff,
  } = (error ?? {}) as Record<string, unknown>
  const text = [message, stack].map(String)
  const hasDiff = showDiff !== false && actual !== undefined && expected !== undefined
  const diff = hasDiff
    ? Mocha.reporters.Base.generateDiff(Mocha.utils.stringify(actual), Mocha.utils.stringify(expected))
    : ''
  return { message: text[0] ?? '', stack: text[1] ?? '', diff }
}

async function runFile(file: string): Promise<void> {
  // Long enough for a slow and busy core: only tests that hang reach it.
  const mocha = new Mocha({ reporter: Messages, timeout: 120_000, forbidOnly: true, rootHooks: mochaHooks })
  mocha.addFile(resolve(file))
  await mocha.loadFilesAsync()
  await new Promise<void>((done) => {
    mocha.run(() => done())
  })
  mocha.dispose()
}

let isOver = false

// The run has ended, so there is nothing to report to.
process.on('disconnect', () => {
  if (!isOver) process.exit(1)
})

process.on('message', (message: ToWorker) => {
  if (message === 'end') {
    isOver = true
    // If a test has left something open, this process does not exit, and the run reports it.
    process.disconnect()
    return
  }
  const startedAt = performance.now()
  runFile(message.file).then(
    () => send({ kind: 'done', ms: performance.now() - startedAt }),
    (error: unknown) => {
      send({ kind: 'failed', titles: [message.file], failure: toFailure(error) })
      send({ kind: 'done', ms: performance.now() - startedAt })
    },
  )
})
