import assert from 'node:assert/strict'
import { assertDead, defineSessionCase, long, makeSession } from './define.js'
import type { SessionStoreCase } from './types.js'

/** Seconds. */
const short = 1
const longer = 2
const attempts = 3

export const expiryCases: readonly SessionStoreCase[] = [
  defineSessionCase(
    'does not find, list or rotate a session after its lifetime has ended',
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
    'counts the lifetime from the rotation, not from the session before it',
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
        // If the machine was busy for this long, the result proves nothing.
        const isLate = [took, performance.now() - rotating].some((ms) => ms >= longer * 1000)
        if (isLate && attempt < attempts) continue
        assert.deepStrictEqual(rotated, [true, true])
        for (const session of found) assert.ok(session, 'the lifetime must start again')
        return
      }
    },
    { timeout: 30_000 },
  ),

  defineSessionCase(
    'does not extend a session when it is read or listed',
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
