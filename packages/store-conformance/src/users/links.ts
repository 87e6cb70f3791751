import assert from 'node:assert/strict'
import { assertNobody, defineUserCase, plain } from './define.js'
import type { UserStoreCase } from './types.js'

export const linkCases: readonly UserStoreCase[] = [
  defineUserCase('finds a user by each linked account', async ({ store, fresh }) => {
    const [first, second, third, unionid] = [
      fresh('openid'),
      fresh('openid'),
      fresh('openid'),
      fresh('unionid'),
    ]
    const [one, two, three] = [fresh('app'), fresh('app'), fresh('app')]
    await store.create({ appId: one, openid: first, unionid, profile: { nickName: 'Alice' } })
    await store.link(unionid, { appId: two, openid: second, unionid })
    await store.link(unionid, { appId: three, openid: third })
    for (const [appId, openid] of [
      [one, first],
      [two, second],
      [three, third],
    ] as const) {
      assert.deepStrictEqual(plain(await store.findByOpenid(appId, openid)), {
        id: unionid,
        openid,
        unionid,
        profile: { nickName: 'Alice' },
      })
    }
    await assertNobody(store.findByOpenid(one, second))
    assert.equal((await store.findByUnionid(unionid))?.id, unionid)
  }),

  defineUserCase('links a new account to the user who has its unionid', async ({ store, fresh }) => {
    const [one, two, first, second, unionid] = [
      fresh('app'),
      fresh('app'),
      fresh('openid'),
      fresh('openid'),
      fresh('unionid'),
    ]
    await store.create({ appId: one, openid: first })
    await store.link(first, { appId: one, openid: first, unionid })
    const created = await store.create({ appId: two, openid: second, unionid })
    assert.notEqual(created.isNew, true)
    const user = { id: first, openid: second, unionid }
    assert.deepStrictEqual([plain(created), plain(await store.findByOpenid(two, second))], [user, user])
  }),

  defineUserCase('keeps the id of a user who gets a unionid later', async ({ store, fresh }) => {
    const [appId, openid, unionid] = [fresh('app'), fresh('openid'), fresh('unionid')]
    await store.create({ appId, openid, profile: { nickName: 'Alice' } })
    await store.link(openid, { appId, openid, unionid })
    const user = { id: openid, openid, unionid, profile: { nickName: 'Alice' } }
    assert.deepStrictEqual(plain(await store.findByOpenid(appId, openid)), user)
    assert.deepStrictEqual(plain(await store.findByUnionid(unionid)), user)
  }),

  defineUserCase(
    'changes nothing when an account is linked again, even in parallel',
    async ({ store, fresh, other }) => {
      const stores = [store, await other()] as const
      const [one, two, first, second, unionid] = [
        fresh('app'),
        fresh('app'),
        fresh('openid'),
        fresh('openid'),
        fresh('unionid'),
      ]
      await store.create({ appId: one, openid: first })
      await Promise.all(
        Array.from({ length: 10 }, (_, index) =>
          stores[index % 2 === 0 ? 0 : 1].link(first, { appId: two, openid: second, unionid }),
        ),
      )
      await store.link(first, { appId: two, openid: second })
      await store.link(first, { appId: two, openid: second, unionid: fresh('unionid') })
      assert.deepStrictEqual(plain(await store.findByOpenid(two, second)), {
        id: first,
        openid: second,
        unionid,
      })
      assert.deepStrictEqual(plain(await store.findByOpenid(one, first)), {
        id: first,
        openid: first,
        unionid,
      })
    },
  ),

  defineUserCase('leaves an account with its user', async ({ store, fresh }) => {
    const [appId, openid, other, unionid] = [fresh('app'), fresh('openid'), fresh('openid'), fresh('unionid')]
    await store.create({ appId, openid })
    await store.create({ appId, openid: other, unionid })
    await store.link(unionid, { appId, openid, unionid })
    assert.equal((await store.findByOpenid(appId, openid))?.id, openid)
    assert.equal((await store.findByUnionid(unionid))?.id, unionid)
  }),

  defineUserCase('leaves a unionid with its user, and does not merge users', async ({ store, fresh }) => {
    const [one, two, first, second, unionid] = [
      fresh('app'),
      fresh('app'),
      fresh('openid'),
      fresh('openid'),
      fresh('unionid'),
    ]
    await store.create({ appId: one, openid: first })
    await store.create({ appId: two, openid: second, unionid })
    await store.link(first, { appId: one, openid: first, unionid })
    assert.equal((await store.findByUnionid(unionid))?.id, unionid)
    assert.equal((await store.findByOpenid(one, first))?.id, first)
    assert.equal((await store.findByOpenid(two, second))?.id, unionid)
  }),
]
