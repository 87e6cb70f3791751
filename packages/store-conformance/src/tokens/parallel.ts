import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import { defineTokenCase, webToken } from './define.js'
import { inBackground } from '../tools.js'
import type { Token, TokenStore, TokenStoreCase } from './types.js'

const writes = 50

/** Records with different fields, so that a mixture of two cannot look like one record. */
function variant(openid: string, index: number): Token {
  const full = webToken(openid, {
    access_token: `access ${index}`,
    refresh_token: `refresh ${index}`,
    create_at: 1_763_000_000_000 + index,
    index,
  })
  return index % 2 === 0
    ? full
    : { openid, session_key: `session ${index}`, create_at: full.create_at, index, nested: { index } }
}

async function readWhile(
  store: TokenStore,
  openid: string,
  goOn: () => boolean,
): Promise<(Token | null | undefined)[]> {
  const reads = []
  while (goOn()) {
    reads.push(await store.getToken(openid))
    // A store in memory resolves without letting anything else run.
    await turn()
  }
  return reads
}

export const parallelCases: readonly TokenStoreCase[] = [
  defineTokenCase(
    `always returns one complete record, during and after ${writes} parallel writes to one key`,
    async ({ store, key, other }) => {
      const openid = key()
      const second = await other()
      const tokens = Array.from({ length: writes }, (_, index) => variant(openid, index))
      await store.saveToken(openid, variant(openid, 0))
      let isWriting = true
      const reading = inBackground(
        Promise.all([store, second].map((reader) => readWhile(reader, openid, () => isWriting))),
      )
      try {
        await Promise.all(
          tokens.map((token, index) => (index % 4 < 2 ? store : second).saveToken(openid, token)),
        )
      } finally {
        isWriting = false
      }
      for (const read of [...(await reading).flat(), await store.getToken(openid)]) {
        assert.ok(read, 'the record must not be missing while it is replaced')
        assert.deepStrictEqual(read, variant(openid, Number(read.index)))
      }
    },
    { timeout: 30_000 },
  ),

  defineTokenCase(
    `does not mix up ${writes} records that are written and read in parallel`,
    async ({ store, key, other }) => {
      const second = await other()
      const tokens = Array.from({ length: writes }, (_, index) => variant(key(`-${index}`), index))
      await Promise.all(
        tokens.map(async (token, index) => {
          const [writer, reader] = index % 4 < 2 ? [store, second] : [second, store]
          await writer.saveToken(token.openid, token)
          assert.deepStrictEqual(await reader.getToken(token.openid), token)
        }),
      )
      for (const token of tokens) assert.deepStrictEqual(await store.getToken(token.openid), token)
    },
    { timeout: 30_000 },
  ),
]
