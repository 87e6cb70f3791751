import assert from 'node:assert/strict'
import { assertDead, defineSessionCase, long, makeSession } from './define.js'
import type { SessionStoreCase } from './types.js'

/** Seconds. */
const short = 1
const longer = 2
const attempts = 3

export const expiryCases: readonly SessionStoreCase[] = [
  defineSessionCase(
    'ends a session when its lifetime is over: it is not found, not listed, not rotated',
    async ({ store, hash, user, advance }) => {
      const [over, next, neighbour] = [hash(), hash(), hash()]
      await store.create(neighbour, makeSession(user(), { id: neighbour }), long)
      await store.create(over, makeSession(user(), { id: over }), short)
      await advance(short * 1000 + 100)
      assert.deepStrictEqual(
        (await store.listByUser(user())).map(({ id }) => id),
        [neighbour],
      )
      assert.equal(await store.rotate(over, next, makeSession(user()), long), false)
      assert.equal(await store.rotate(over, over, makeSession(user()), long), false)
      await assertDead(store, over, next)
      assert.ok(await store.get(neighbour))
    },
    { timeout: 20_000 },
  ),

  defineSessionCase(
    'has the lifetime of a rotation, not that of the session before it',
    async ({ store, hash, user, advance }) => {
      for (let attempt = 1; attempt <= attempts; attempt += 1) {
        const [first, same, next] = [hash(), hash(), hash()]
        const begun = performance.now()
        await store.create(first, makeSession(user()), longer)
        await store.create(same, makeSession(user()), longer)
        await advance(longer * 600)
        const rotating = performance.now()
        const rotated = [
          await store.rotate(first, next, makeSession(user()), longer),
          await store.rotate(same, same, makeSession(user()), longer),
        ]
        const took = performance.now() - begun
        await advance(longer * 600)
        const found = [await store.get(next), await store.get(same)]
        // On a machine that was busy for so long, nothing can be said.
        const isLate = [took, performance.now() - rotating].some((ms) => ms >= longer * 1000)
        if (isLate && attempt < attempts) continue
        assert.deepStrictEqual(rotated, [true, true])
        for (const session of found) assert.ok(session, 'the lifetime must begin anew')
        return
      }
    },
    { timeout: 30_000 },
  ),

  defineSessionCase(
    'does not prolong a session by reading or listing it',
    async ({ store, hash, user, advance }) => {
      const only = hash()
      await store.create(only, makeSession(user()), short)
      await advance(short * 600)
      await store.get(only)
      await store.listByUser(user())
      await advance(short * 500)
      await assertDead(store, only)
      assert.deepStrictEqual(await store.listByUser(user()), [])
    },
    { timeout: 20_000 },
  ),
]
