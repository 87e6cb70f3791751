import assert from 'node:assert/strict'
import { duringEachOutage, getBound, outageTimeout } from '../outages.js'
import {
  assertIsOfBackend,
  assertIsOfRecord,
  assertStoreError,
  assertTypeErrors,
  notNames,
  catchRejection,
  within,
} from '../tools.js'
import { assertDead, defineSessionCase, listed, long, makeSession } from './define.js'
import type { SessionStore, SessionStoreCase } from './types.js'

const secrets = { openid: 'oSECRET-openid', unionid: 'oSECRET-unionid', device: 'SECRET-device' }

const notLifetimes: readonly unknown[] = [undefined, null, 0, -1, NaN, Infinity, '60', {}]

/** @param store - its backend may be down, because no call may reach it */
async function refusesWrongArguments(store: SessionStore): Promise<void> {
  const session = makeSession('u')
  for (const name of notNames as readonly string[]) {
    await assertTypeErrors(`a name of the type ${typeof name}`, {
      create: () => store.create(name, session, long),
      get: () => store.get(name),
      'rotate, from': () => store.rotate(name, 'hash', session, long),
      'rotate, to': () => store.rotate('hash', name, session, long),
      delete: () => store.delete(name),
      deleteByUser: () => store.deleteByUser(name),
      listByUser: () => store.listByUser(name),
    })
  }
  for (const ttl of notLifetimes as readonly number[]) {
    await assertTypeErrors(`the lifetime ${String(ttl)}`, {
      create: () => store.create('hash', session, ttl),
      rotate: () => store.rotate('hash', 'next', session, ttl),
    })
  }
}

export const failureCases: readonly SessionStoreCase[] = [
  defineSessionCase(
    'rejects names that are not non-empty strings and lifetimes that are not positive with a TypeError',
    async ({ store }) => {
      await refusesWrongArguments(store)
    },
  ),

  defineSessionCase(
    'rejects while its backend is down, and works again afterwards',
    async ({ store, harness, hash, user }) => {
      const works = async (): Promise<void> => {
        const after = hash()
        await store.create(after, makeSession(user()), long)
        assert.ok(await store.get(after))
      }
      const [one, session] = [hash(), makeSession(user(), secrets)]
      await store.create(one, session, long)
      await duringEachOutage(harness, works, async () => {
        const calls: Record<string, Promise<unknown>> = {
          create: store.create(hash(), session, long),
          get: store.get(one),
          rotate: store.rotate(one, hash(), session, long),
          delete: store.delete(one),
          deleteByUser: store.deleteByUser(user()),
          listByUser: store.listByUser(user()),
        }
        await Promise.all(
          Object.entries(calls).map(async ([method, call]) => {
            const error = await within(
              getBound(harness),
              `${method} must reject`,
              catchRejection(method, call),
            )
            assertStoreError(error, Object.values(secrets))
            assertIsOfBackend(error)
          }),
        )
      })
    },
    { needs: ['outages'], timeout: outageTimeout },
  ),

  defineSessionCase(
    'rejects invalid arguments without calling the backend',
    async ({ store, harness, hash, user }) => {
      await duringEachOutage(
        harness,
        () => store.create(hash(), makeSession(user()), long),
        async () => {
          await within(1000, 'the TypeErrors must be thrown', refusesWrongArguments(store))
        },
      )
    },
    { needs: ['outages'], timeout: outageTimeout },
  ),

  defineSessionCase(
    'rejects when a session is corrupt, and can still end it',
    async ({ store, harness, hash, user }) => {
      for (const end of [(id: string) => store.delete(id), () => store.deleteByUser(user())]) {
        const [corrupt, neighbour] = [hash(), hash()]
        for (const id of [corrupt, neighbour])
          await store.create(id, makeSession(user(), { ...secrets, id }), long)
        await harness.corrupt?.(corrupt, store)
        const error = await catchRejection('get', store.get(corrupt))
        assertStoreError(error, Object.values(secrets))
        assertIsOfRecord(error)
        // A store may also leave it out of the list.
        await store.listByUser(user()).catch(assertIsOfRecord)
        assert.equal((await store.get(neighbour))?.id, neighbour)
        await end(corrupt)
        await assertDead(store, corrupt)
        await store.delete(neighbour)
        assert.deepStrictEqual(await listed(store, user()), [])
      }
    },
    { needs: ['corrupt'] },
  ),
]
