import assert from 'node:assert/strict'
import { assertNobody, defineUserCase, hasUserCapability, plain, userCapabilities } from './define.js'
import type { UserStoreCase } from './types.js'

const many = 20

/** The fields of WeChat's profile that every store can keep. */
const profile = {
  nickName: '爱丽丝 🐼 \' " \\ %',
  gender: 2,
  language: 'zh_CN',
  city: '',
  province: '广东',
  country: '中国',
}

const odd = [
  '',
  '*',
  '%',
  '_',
  '?',
  "'",
  "' OR ''='",
  '"',
  ':',
  '|',
  ' ',
  'A',
  'a',
  'e\u0301',
  '\u00e9',
  '{$ne:null}',
]

export const userCases: readonly UserStoreCase[] = [
  defineUserCase(
    'covers every optional part of the contract, or the harness gives a reason',
    async ({ harness }) => {
      for (const capability of userCapabilities) {
        const reason = harness.without?.[capability]
        if (hasUserCapability(capability, harness))
          assert.equal(reason, undefined, `${capability} exists, but the harness lists it in \`without\``)
        else assert.ok(reason, `${capability} is missing: provide it, or give the reason in \`without\``)
      }
      return Promise.resolve()
    },
  ),

  defineUserCase('returns null or undefined for an unknown account or unionid', async ({ store, fresh }) => {
    await assertNobody(store.findByOpenid(fresh('app'), fresh('openid')))
    await assertNobody(store.findByUnionid(fresh('unionid')))
    for (const name of ['__proto__', 'constructor']) {
      await assertNobody(store.findByOpenid(name, name))
      await assertNobody(store.findByUnionid(name))
    }
  }),

  defineUserCase(
    'creates a user with the unionid as its id, or the openid without one',
    async ({ store, fresh }) => {
      const [appId, openid, unionid, alone] = [
        fresh('app'),
        fresh('openid'),
        fresh('unionid'),
        fresh('openid'),
      ]
      const user = { id: unionid, openid, unionid }
      assert.deepStrictEqual(plain(await store.create({ appId, openid, unionid })), user)
      assert.deepStrictEqual(plain(await store.findByOpenid(appId, openid)), user)
      assert.deepStrictEqual(plain(await store.findByUnionid(unionid)), user)
      assert.deepStrictEqual(plain(await store.create({ appId, openid: alone })), {
        id: alone,
        openid: alone,
      })
      assert.deepStrictEqual(plain(await store.findByOpenid(appId, alone)), { id: alone, openid: alone })
      await assertNobody(store.findByUnionid(alone))
    },
  ),

  defineUserCase('keeps the profile from WeChat with its types', async ({ store, fresh }) => {
    for (const told of [profile, { nickName: 'Bob', gender: 0 }]) {
      const [appId, openid] = [fresh('app'), fresh('openid')]
      const created = await store.create({ appId, openid, profile: told })
      assert.deepStrictEqual(created.profile, told)
      assert.deepStrictEqual((await store.findByOpenid(appId, openid))?.profile, told)
    }
  }),

  defineUserCase('does not share objects with its callers', async ({ store, fresh }) => {
    const [appId, openid, unionid] = [fresh('app'), fresh('openid'), fresh('unionid')]
    const given = { appId, openid, unionid, profile: { nickName: 'Alice' } }
    const creating = store.create(given)
    given.profile.nickName = 'changed'
    given.openid = 'changed'
    const found = async (): Promise<unknown[]> => [
      await store.findByOpenid(appId, openid),
      await store.findByUnionid(unionid),
    ]
    for (const user of [await creating, ...(await found())]) {
      assert.deepStrictEqual((user as { profile: unknown }).profile, { nickName: 'Alice' })
      Reflect.set((user as { profile: object }).profile, 'nickName', 'changed')
      Reflect.set(user as object, 'id', 'changed')
    }
    for (const user of await found())
      assert.deepStrictEqual(user, { id: unionid, openid, unionid, profile: { nickName: 'Alice' } })
  }),

  defineUserCase(
    'shares its users with other stores on the same data',
    async ({ store, fresh, other }) => {
      const second = await other()
      const [appId, openid, unionid] = [fresh('app'), fresh('openid'), fresh('unionid')]
      await store.create({ appId, openid, unionid })
      assert.equal((await second.findByOpenid(appId, openid))?.id, unionid)
      assert.equal((await second.findByUnionid(unionid))?.id, unionid)
      assert.equal((await second.create({ appId, openid, unionid })).id, unionid)
    },
    { needs: ['second'] },
  ),

  defineUserCase('distinguishes two users with the same openid in two apps', async ({ store, fresh }) => {
    const [one, two, openid] = [fresh('app'), fresh('app'), fresh('openid')]
    const first = await store.create({ appId: one, openid, profile: { nickName: 'Alice' } })
    await assertNobody(store.findByOpenid(two, openid))
    const second = await store.create({ appId: two, openid, profile: { nickName: 'Bob' } })
    assert.equal(first.id, openid)
    assert.equal(second.id, `${two}:${openid}`)
    for (const [appId, user] of [
      [one, first],
      [two, second],
    ] as const) {
      const found = await store.findByOpenid(appId, openid)
      assert.deepStrictEqual([found?.id, found?.openid, found?.profile], [user.id, openid, user.profile])
    }
  }),

  defineUserCase('takes ids literally', async ({ store, fresh }) => {
    const [appId, openid, unionid] = [fresh('app'), fresh('openid'), fresh('unionid')]
    for (const sign of odd)
      await store.create({ appId: appId + sign, openid: openid + sign, unionid: unionid + sign })
    for (const sign of odd) {
      assert.equal((await store.findByOpenid(appId + sign, openid + sign))?.id, unionid + sign)
      assert.equal((await store.findByUnionid(unionid + sign))?.id, unionid + sign)
      if (sign !== '') await assertNobody(store.findByOpenid(appId, openid + sign))
    }
    for (const pattern of ['%', '*', '_%', `${openid}%%`, "' OR ''='"]) {
      await assertNobody(store.findByOpenid(appId, pattern))
      await assertNobody(store.findByUnionid(pattern))
    }
  }),

  defineUserCase(
    'returns the existing user, unchanged, when an account is created again',
    async ({ store, fresh }) => {
      const [appId, openid, unionid] = [fresh('app'), fresh('openid'), fresh('unionid')]
      const user = { id: openid, openid, profile: { nickName: 'Alice' } }
      const first = await store.create({ appId, openid, profile: { nickName: 'Alice' } })
      const again = await store.create({ appId, openid, unionid, profile: { nickName: 'Mallory' } })
      assert.deepStrictEqual([plain(first), plain(again)], [user, user])
      assert.deepStrictEqual(plain(await store.findByOpenid(appId, openid)), user)
      await assertNobody(store.findByUnionid(unionid))
      assert.ok(first.isNew !== false && again.isNew !== true, 'only the first call must report a new user')
    },
  ),

  defineUserCase(`creates one user for ${many} parallel first logins`, async ({ store, fresh, other }) => {
    const stores = [store, await other()] as const
    for (const unionid of [undefined, fresh('unionid')]) {
      const account = {
        appId: fresh('app'),
        openid: fresh('openid'),
        ...(unionid !== undefined && { unionid }),
      }
      const created = await Promise.all(
        Array.from({ length: many }, (_, index) =>
          stores[index % 2 === 0 ? 0 : 1].create({ ...account, profile: { nickName: `${index}` } }),
        ),
      )
      const found = await store.findByOpenid(account.appId, account.openid)
      assert.equal(found?.id, unionid ?? account.openid)
      for (const user of created) assert.deepStrictEqual(plain(user), plain(found))
      const told = created.filter(({ isNew }) => isNew !== undefined)
      assert.ok(
        told.length === 0 || told.filter(({ isNew }) => isNew).length === 1,
        'exactly one call must report a new user',
      )
    }
  }),

  defineUserCase(
    'creates one user for parallel first logins in several apps with the same unionid',
    async ({ store, fresh, other }) => {
      const stores = [store, await other()] as const
      const unionid = fresh('unionid')
      const accounts = Array.from({ length: 10 }, () => ({
        appId: fresh('app'),
        openid: fresh('openid'),
        unionid,
      }))
      const created = await Promise.all(
        accounts.map((account, index) => stores[index % 2 === 0 ? 0 : 1].create(account)),
      )
      for (const [index, { appId, openid }] of accounts.entries()) {
        assert.deepStrictEqual([created[index]?.id, created[index]?.openid], [unionid, openid])
        assert.deepStrictEqual(plain(await store.findByOpenid(appId, openid)), {
          id: unionid,
          openid,
          unionid,
        })
      }
    },
  ),
]
