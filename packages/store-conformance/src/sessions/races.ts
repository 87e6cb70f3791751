import assert from 'node:assert/strict'
import { assertDead, defineSessionCase, isAlive, listed, long, makeSession } from './define.js'
import type { SessionStoreCase } from './types.js'

/** How often each race is repeated; an incorrect store fails in some of the rounds. */
const rounds = 10
const many = 20

export const raceCases: readonly SessionStoreCase[] = [
  defineSessionCase(
    `lets exactly one of ${many} parallel rotations win`,
    async ({ store, hash, user, other }) => {
      const stores = [store, await other()] as const
      const first = hash()
      await store.create(first, makeSession(user()), long)
      const successors = Array.from({ length: many }, hash)
      const won = await Promise.all(
        successors.map((id, index) =>
          stores[index % 2 === 0 ? 0 : 1].rotate(first, id, makeSession(user(), { id }), long),
        ),
      )
      const winners = successors.filter((_, index) => won[index])
      assert.equal(winners.length, 1, `${winners.length} rotations won`)
      for (const id of successors) assert.equal(await isAlive(store, id), winners.includes(id))
      await assertDead(store, first)
      assert.deepStrictEqual(await listed(store, user()), winners)
    },
  ),

  defineSessionCase(
    `lists all ${many} sessions that one user starts in parallel`,
    async ({ store, hash, user, other }) => {
      const stores = [store, await other()] as const
      const hashes = Array.from({ length: many }, hash).sort()
      await Promise.all(
        hashes.map((id, index) =>
          stores[index % 2 === 0 ? 0 : 1].create(id, makeSession(user(), { id }), long),
        ),
      )
      assert.deepStrictEqual(await listed(store, user()), hashes)
      for (const id of hashes) assert.equal((await store.get(id))?.id, id)
      await store.deleteByUser(user())
      await assertDead(store, ...hashes)
    },
  ),

  defineSessionCase(
    'ends a session that is rotated while deleteByUser runs',
    async ({ store, hash, user, other }) => {
      const second = await other()
      for (let round = 0; round < rounds; round += 1) {
        const [first, next, same] = [hash(), hash(), hash()]
        await store.create(first, makeSession(user()), long)
        await store.create(same, makeSession(user()), long)
        const rotate = (): Promise<unknown> =>
          Promise.all([
            second.rotate(first, next, makeSession(user()), long),
            second.rotate(same, same, makeSession(user()), long),
          ])
        const end = (): Promise<void> => store.deleteByUser(user())
        await Promise.all(round % 2 === 0 ? [rotate(), end()] : [end(), rotate()])
        await assertDead(store, first, next, same)
        assert.deepStrictEqual(await store.listByUser(user()), [])
      }
    },
  ),

  defineSessionCase(
    'lists every session that was created while deleteByUser ran and is still alive',
    async ({ store, hash, user, other }) => {
      const second = await other()
      for (let round = 0; round < rounds; round += 1) {
        const [before, ...during] = [hash(), hash(), hash()]
        await store.create(before, makeSession(user()), long)
        const create = (): Promise<unknown> =>
          Promise.all(during.map((id) => second.create(id, makeSession(user(), { id }), long)))
        const end = (): Promise<void> => store.deleteByUser(user())
        await Promise.all(round % 2 === 0 ? [create(), end()] : [end(), create()])
        await assertDead(store, before)
        const alive = []
        for (const id of during) if (await isAlive(store, id)) alive.push(id)
        assert.deepStrictEqual(await listed(store, user()), alive.sort())
        await store.deleteByUser(user())
        await assertDead(store, ...during)
      }
    },
  ),

  defineSessionCase(
    'does not bring back a session that is deleted while it is extended',
    async ({ store, hash, user, other }) => {
      const second = await other()
      for (let round = 0; round < rounds; round += 1) {
        const only = hash()
        await store.create(only, makeSession(user()), long)
        const prolong = (): Promise<boolean> => second.rotate(only, only, makeSession(user()), long)
        const end = (): Promise<void> => store.delete(only)
        await Promise.all(round % 2 === 0 ? [prolong(), end()] : [end(), prolong()])
        await assertDead(store, only)
        assert.deepStrictEqual(await store.listByUser(user()), [])
      }
    },
  ),

  defineSessionCase(
    'reports the true result of a rotation while the session is deleted',
    async ({ store, hash, user, other }) => {
      const second = await other()
      for (let round = 0; round < rounds; round += 1) {
        const [first, next] = [hash(), hash()]
        await store.create(first, makeSession(user(), { id: first }), long)
        const rotating = second.rotate(first, next, makeSession(user(), { id: next }), long)
        await store.delete(first)
        const won = await rotating
        assert.equal(await isAlive(store, next), won)
        assert.deepStrictEqual(await listed(store, user()), won ? [next] : [])
        await assertDead(store, first)
        await store.delete(next)
      }
    },
  ),
]
