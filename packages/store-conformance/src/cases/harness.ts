import assert from 'node:assert/strict'
import { capabilities, capabilityOf } from '../capabilities.js'
import { defineCase } from '../define-case.js'
import type { TokenStoreCase } from '../types.js'

export const harnessCases: readonly TokenStoreCase[] = [
  defineCase(
    'has every optional part of the contract, or its harness says why not',
    async ({ store, harness }) => {
      for (const capability of capabilities) {
        const reason = harness.without?.[capability]
        if (capabilityOf(capability, harness, store))
          assert.equal(reason, undefined, `there is ${capability}, and the harness says that there is not`)
        else
          assert.ok(
            reason,
            `there is no ${capability}: the harness must have it, or say in \`without\` why not`,
          )
      }
      return Promise.resolve()
    },
  ),
]
