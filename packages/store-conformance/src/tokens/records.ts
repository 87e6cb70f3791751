import assert from 'node:assert/strict'
import { defineTokenCase, hasTokenCapability, tokenCapabilities, webToken } from './define.js'
import type { TokenStoreCase } from './types.js'

export const recordCases: readonly TokenStoreCase[] = [
  defineTokenCase(
    'covers every optional part of the contract, or its harness gives a reason',
    async ({ store, harness }) => {
      for (const capability of tokenCapabilities) {
        const reason = harness.without?.[capability]
        if (hasTokenCapability(capability, harness, store))
          assert.equal(reason, undefined, `${capability} exists, but the harness lists it in \`without\``)
        else assert.ok(reason, `${capability} is missing: provide it, or give the reason in \`without\``)
      }
      return Promise.resolve()
    },
  ),

  defineTokenCase('returns null or undefined for a key that was never saved', async ({ store, key }) => {
    assert.equal((await store.getToken(key())) ?? undefined, undefined)
  }),

  defineTokenCase('returns every value with the type that was saved', async ({ store, key }) => {
    const openid = key()
    const token = webToken(openid, {
      access_token: '0012345678901234567890',
      unionid: 'oUnionid',
      is_snapshotuser: 1,
      visits: 0,
      balance: -1.5,
      biggest: Number.MAX_SAFE_INTEGER,
      active: true,
      blocked: false,
      digits: '1763000000123',
      yes: 'true',
      nothing: 'null',
      json: '{"a":1}',
      date: '2026-11-01T00:00:00.000Z',
      padded: '  padded  ',
    })
    await store.saveToken(openid, token)
    const read = await store.getToken(openid)
    assert.deepStrictEqual(read, token)
    // Since Node.js 22, `deepStrictEqual` compares constructors, which an object with another prototype may inherit.
    assert.equal(Object.getPrototypeOf(read), Object.prototype, 'the record must be a plain object')
  }),

  defineTokenCase('keeps absent fields absent', async ({ store, key }) => {
    const openid = key()
    const token = { openid, session_key: 'HyVFkGl5F5OQWJZZaNzBBg==', create_at: 1_763_000_000_123 }
    await store.saveToken(openid, token)
    assert.deepStrictEqual(await store.getToken(openid), token)
  }),

  defineTokenCase('treats an undefined field as absent', async ({ store, key }) => {
    const openid = key()
    await store.saveToken(openid, webToken(openid, { unionid: undefined, nickname: undefined }))
    const read = await store.getToken(openid)
    assert.equal(read?.openid, openid)
    assert.equal(read.unionid, undefined)
    assert.equal(read.nickname, undefined)
  }),

  defineTokenCase('keeps fields that the application adds', async ({ store, key }) => {
    const openid = key()
    const token = webToken(openid, {
      empty: '',
      none: null,
      list: [1, 'two', null, true, { three: 3 }, []],
      nested: { empty: '', none: null, list: [[]], object: {}, deep: { deeper: { deepest: 'x' } } },
    })
    await store.saveToken(openid, token)
    assert.deepStrictEqual(await store.getToken(openid), token)
  }),

  defineTokenCase(
    'keeps fields with names that are special to a database or to JavaScript',
    async ({ store, key }) => {
      const openid = key()
      const names = {
        'a.b': 1,
        $set: 2,
        '100%': 3,
        '%2E': 4,
        'a b': 5,
        "it's": 6,
        '`id`': 7,
        constructor: 8,
        toString: 9,
        '': 10,
        id: 11,
        key: 12,
        value: 13,
        extra: 14,
        ttl: 15,
        expires_at: 16,
        Scope: 17,
        EXPIRES_IN: 18,
        名字: 19,
      }
      const token = webToken(openid, { ...names, nested: names })
      await store.saveToken(openid, token)
      assert.deepStrictEqual(await store.getToken(openid), token)
    },
  ),

  defineTokenCase('keeps text in every language, including emoji', async ({ store, key }) => {
    const openid = key()
    const token = webToken(openid, {
      nickname: '爱丽丝🐼👨‍👩‍👧‍👦',
      latin: 'é e\u0301 ß İ',
      signs: '\\ \' " ` \n \r\n \t \u0000 \u001f \u2028 % _ ; --',
      nested: { rare: '𠮷野家 😀', list: ['🀄'] },
    })
    await store.saveToken(openid, token)
    assert.deepStrictEqual(await store.getToken(openid), token)
  }),

  defineTokenCase('keeps tokens of 4 KiB', async ({ store, key }) => {
    const openid = key()
    const long = (letter: string): string => `${letter.repeat(4095)}.`
    const token = webToken(openid, {
      access_token: long('a'),
      refresh_token: long('r'),
      session_key: long('s'),
      note: long('n'),
    })
    await store.saveToken(openid, token)
    assert.deepStrictEqual(await store.getToken(openid), token)
  }),

  defineTokenCase('replaces the record instead of merging', async ({ store, key }) => {
    const openid = key()
    await store.saveToken(
      openid,
      webToken(openid, {
        unionid: 'oUnionid',
        session_key: 'HyVFkGl5F5OQWJZZaNzBBg==',
        extra: { a: 1, b: 2 },
        lang: 'en',
      }),
    )
    const shorter = { openid, access_token: 'new', create_at: 1_763_000_001_000, extra: { a: 3 } }
    await store.saveToken(openid, shorter)
    assert.deepStrictEqual(await store.getToken(openid), shorter)
  }),

  defineTokenCase('saves a copy, so later changes to the object have no effect', async ({ store, key }) => {
    const openid = key()
    const token = webToken(openid, { nested: { list: [1] } })
    const expected = structuredClone(token)
    const saving = store.saveToken(openid, token)
    token.access_token = 'changed while it was being saved'
    await saving
    token.create_at = 0
    const { list } = token.nested as { list: number[] }
    list.push(2)
    assert.deepStrictEqual(await store.getToken(openid), expected)
  }),

  defineTokenCase('returns a copy, so changes to it have no effect', async ({ store, key }) => {
    const openid = key()
    const token = webToken(openid, { nested: { list: [1] } })
    await store.saveToken(openid, token)
    const read = await store.getToken(openid)
    assert.ok(read)
    Reflect.set(read, 'access_token', 'changed')
    Reflect.set((read.nested as { list: number[] }).list, 0, 2)
    assert.deepStrictEqual(await store.getToken(openid), token)
  }),

  defineTokenCase('does not change the object that it saves', async ({ store, key }) => {
    const openid = key()
    const token = webToken(openid, { nested: { 'a.b': 1, list: [1] } })
    const expected = structuredClone(token)
    await store.saveToken(openid, token)
    assert.deepStrictEqual(token, expected)
    Object.freeze(token.nested)
    await store.saveToken(openid, Object.freeze(token))
    assert.deepStrictEqual(await store.getToken(openid), expected)
  }),

  defineTokenCase('resolves saveToken only once the record can be read', async ({ store, key, other }) => {
    const reader = await other()
    for (let round = 0; round < 5; round += 1) {
      const openid = key(`-${round}`)
      const token = webToken(openid)
      await store.saveToken(openid, token)
      assert.deepStrictEqual(await reader.getToken(openid), token)
    }
  }),

  defineTokenCase(
    'shares its records with other stores on the same data',
    async ({ store, key, other }) => {
      const second = await other()
      const openid = key()
      const first = webToken(openid)
      await store.saveToken(openid, first)
      assert.deepStrictEqual(await second.getToken(openid), first)
      const next = webToken(openid, { access_token: 'of the second', extra: { a: 1 } })
      await second.saveToken(openid, next)
      assert.deepStrictEqual(await store.getToken(openid), next)
    },
    { needs: ['second'] },
  ),

  defineTokenCase(
    'deletes only the given record',
    async ({ store, key, other }) => {
      const second = await other()
      const openid = key()
      const neighbour = webToken(key('a'))
      await store.saveToken(openid, webToken(openid, { unionid: 'oUnionid' }))
      await store.saveToken(neighbour.openid, neighbour)
      await store.deleteToken?.(openid)
      assert.equal((await second.getToken(openid)) ?? undefined, undefined)
      assert.equal((await store.getToken(openid)) ?? undefined, undefined)
      assert.deepStrictEqual(await store.getToken(neighbour.openid), neighbour)
      const again = { openid, access_token: 'again', create_at: 1_763_000_001_000 }
      await store.saveToken(openid, again)
      assert.deepStrictEqual(await store.getToken(openid), again)
    },
    { needs: ['deleteToken'] },
  ),

  defineTokenCase(
    'resolves deleteToken when there is no record',
    async ({ store, key }) => {
      await store.deleteToken?.(key())
    },
    { needs: ['deleteToken'] },
  ),
]
