import Mocha from 'mocha'
import type { MochaOptions, Runner, Test } from 'mocha'
import { skipReason } from './helpers/skip.js'

/** Prints Mocha's own report, then the skipped tests with their reasons, then one line with the totals. */
export default class Reporter extends Mocha.reporters.Spec {
  constructor(runner: Runner, options: MochaOptions) {
    super(runner, options)
    const skipped: Test[] = []
    runner.on(Mocha.Runner.constants.EVENT_TEST_PENDING, (test) => {
      skipped.push(test)
    })
    // Registered after Spec's own listener, so it prints after Spec's epilogue.
    runner.once(Mocha.Runner.constants.EVENT_RUN_END, () => {
      const { passes, failures } = this.stats
      if (skipped.length > 0) {
        console.log('Skipped:')
        for (const test of skipped)
          console.log(
            `  ${test.fullTitle()}${skipReason(test.title) === undefined ? ' [no reason given]' : ''}`,
          )
        console.log()
      }
      console.log(`${passes} passed, ${failures} failed, ${skipped.length} skipped`)
    })
  }
}
