import assert from 'node:assert/strict'
import {
  assertDead,
  defineSessionCase,
  hasSessionCapability,
  listed,
  long,
  sessionCapabilities,
  makeSession,
} from './define.js'
import type { SessionStoreCase } from './types.js'

/** Ids with characters that are special to a database, to JavaScript or in a pattern. */
const oddIds = [
  '',
  '*',
  '%',
  '_',
  '?',
  '[a-z]',
  "'",
  '"',
  "' OR ''='",
  ':',
  '{',
  '}',
  '\\',
  ' ',
  '\u00e9',
  'e\u0301',
  '爱丽丝🐼',
  '.',
  '$ne',
  '%25',
  'A',
  'a',
]

export const recordCases: readonly SessionStoreCase[] = [
  defineSessionCase(
    'covers every optional part of the contract, or the harness gives a reason',
    async ({ harness }) => {
      for (const capability of sessionCapabilities) {
        const reason = harness.without?.[capability]
        if (hasSessionCapability(capability, harness))
          assert.equal(reason, undefined, `${capability} exists, but the harness lists it in \`without\``)
        else assert.ok(reason, `${capability} is missing: provide it, or give the reason in \`without\``)
      }
      return Promise.resolve()
    },
  ),

  defineSessionCase(
    'returns no session for an unknown hash, and an empty list for an unknown user',
    async ({ store, hash, user }) => {
      await assertDead(store, hash(), '__proto__', 'constructor')
      assert.deepStrictEqual(await store.listByUser(user()), [])
      assert.deepStrictEqual(await store.listByUser('__proto__'), [])
    },
  ),

  defineSessionCase('returns every field of a session as it was saved', async ({ store, hash, user }) => {
    const sessions = [
      makeSession(user()),
      makeSession(user(), {
        id: hash(),
        unionid: 'oUnionid',
        device: '爱丽丝的 iPhone 🐼 \\ \' " % \u0000 \r\n {"a":1}',
        createdAt: 1_763_000_000_123,
        level: 2,
        digits: '0123',
        yes: true,
        nested: { list: [1, 'a', null], id: 'inside', object: {} },
      }),
    ]
    for (const session of sessions) {
      const [first, second] = [hash(), hash()]
      await store.create(first, session, long)
      assert.deepStrictEqual(await store.get(first), session)
      assert.equal(await store.rotate(first, second, { ...session, id: second }, long), true)
      assert.deepStrictEqual(await store.get(second), { ...session, id: second })
    }
  }),

  defineSessionCase('does not share objects with its callers', async ({ store, hash, user }) => {
    const [first, second] = [hash(), hash()]
    const session = makeSession(user(), { nested: { list: [1] } })
    const expected = structuredClone(session)
    const change = (changed: object): void => {
      Reflect.set(changed, 'openid', 'oChanged')
      Reflect.set((changed as { nested: { list: number[] } }).nested.list, 0, 2)
    }
    const creating = store.create(first, session, long)
    change(session)
    await creating
    assert.deepStrictEqual(await store.get(first), expected)
    for (const read of [await store.get(first), ...(await store.listByUser(user()))]) change(read ?? {})
    assert.deepStrictEqual(await store.get(first), expected)
    assert.deepStrictEqual(await store.listByUser(user()), [expected])
    const next = structuredClone(expected)
    const rotating = store.rotate(first, second, next, long)
    change(next)
    await rotating
    assert.deepStrictEqual(await store.get(second), expected)
    await store.create(hash(), Object.freeze(structuredClone(expected)), long)
  }),

  defineSessionCase(
    'lets other stores on the same data read, rotate and end its sessions',
    async ({ store, hash, user, other }) => {
      const second = await other()
      const [first, next] = [hash(), hash()]
      const session = makeSession(user(), { id: first })
      await store.create(first, session, long)
      assert.deepStrictEqual(await second.get(first), session)
      assert.equal(await second.rotate(first, next, { ...session, id: next }, long), true)
      await assertDead(store, first)
      assert.deepStrictEqual(await listed(store, user()), [next])
      await second.deleteByUser(user())
      await assertDead(store, next)
    },
    { needs: ['second'] },
  ),

  defineSessionCase(
    'ends a session when it is rotated, and keeps its successor',
    async ({ store, hash, user }) => {
      const [first, second, third] = [hash(), hash(), hash()]
      await store.create(first, makeSession(user(), { id: first }), long)
      assert.equal(await store.rotate(first, second, makeSession(user(), { id: second }), long), true)
      await assertDead(store, first)
      assert.equal((await store.get(second))?.id, second)
      assert.deepStrictEqual(await listed(store, user()), [second])
      assert.equal(await store.rotate(second, third, makeSession(user(), { id: third }), long), true)
      await assertDead(store, first, second)
      assert.deepStrictEqual(await listed(store, user()), [third])
    },
  ),

  defineSessionCase(
    'writes nothing when the session to rotate does not exist',
    async ({ store, hash, user }) => {
      const [never, ended, next] = [hash(), hash(), hash()]
      await store.create(ended, makeSession(user()), long)
      await store.delete(ended)
      for (const old of [never, ended]) {
        assert.equal(await store.rotate(old, next, makeSession(user()), long), false)
        assert.equal(await store.rotate(old, old, makeSession(user()), long), false)
        await assertDead(store, old, next)
      }
      assert.deepStrictEqual(await store.listByUser(user()), [])
    },
  ),

  defineSessionCase(
    'replaces a session when it is rotated to its own hash',
    async ({ store, hash, user }) => {
      const only = hash()
      const session = makeSession(user(), { id: only, device: 'phone' })
      const longer = makeSession(user(), { id: only, expiresAt: session.expiresAt + 1000 })
      await store.create(only, session, long)
      assert.equal(await store.rotate(only, only, longer, long), true)
      assert.deepStrictEqual(await store.get(only), longer)
      assert.deepStrictEqual(await store.listByUser(user()), [longer])
      await store.deleteByUser(user())
      await assertDead(store, only)
    },
  ),

  defineSessionCase('ends only the session that is deleted', async ({ store, hash, user }) => {
    const [ended, neighbour] = [hash(), hash()]
    for (const id of [ended, neighbour]) await store.create(id, makeSession(user(), { id }), long)
    await store.delete(ended)
    await assertDead(store, ended)
    assert.deepStrictEqual(await listed(store, user()), [neighbour])
    assert.ok(await store.get(neighbour))
    await store.delete(ended)
    await store.delete(hash())
  }),

  defineSessionCase(
    'lists and ends the sessions of one user only',
    async ({ store, hash, user }) => {
      const hashes = new Map(oddIds.map((suffix) => [user(suffix), [hash(), hash()].sort()]))
      for (const [userId, both] of hashes) {
        for (const id of both) await store.create(id, makeSession(userId, { id }), long)
      }
      for (const [userId, both] of hashes) assert.deepStrictEqual(await listed(store, userId), both)
      for (const pattern of ['*', '%', '_', '?', '.*', `${user()}??`, `${user()}%%`, "' OR ''='"]) {
        assert.deepStrictEqual(await store.listByUser(pattern), [])
        await store.deleteByUser(pattern)
      }
      for (const [userId, both] of hashes) {
        assert.deepStrictEqual(await listed(store, userId), both)
        await store.deleteByUser(userId)
        await assertDead(store, ...both)
        assert.deepStrictEqual(await store.listByUser(userId), [])
      }
      await store.deleteByUser(user())
    },
    { timeout: 20_000 },
  ),

  defineSessionCase('takes hashes literally', async ({ store, hash, user }) => {
    const id = hash()
    const named = (name: string): string => `${name}${id}`
    const hashes = ['a', 'A', 'a ', '*', '%', '_', '?', "'", ':', '{a}', '[a]', '\\', '-', '/+='].map(named)
    hashes.push(id, `${id}1`, `${id}2`)
    for (const [index, one] of hashes.entries()) await store.create(one, makeSession(user(), { index }), long)
    for (const [index, one] of hashes.entries()) assert.equal((await store.get(one))?.index, index)
    for (const pattern of ['**', '%%', '??', '[a-z]'].map(named)) {
      await store.delete(pattern)
      assert.equal(await store.rotate(pattern, hash(), makeSession(user()), long), false)
    }
    assert.equal((await store.listByUser(user())).length, hashes.length)
  }),
]
