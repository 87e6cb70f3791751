import assert from 'node:assert/strict'
import { duringEachOutage, getBound, outageTimeout } from '../outages.js'
import { assertStoreError, assertTypeErrors, catchRejection, notNames, within } from '../tools.js'
import { defineUserCase } from './define.js'
import type { UserStore, UserStoreCase } from './types.js'

const profile = { nickName: 'SECRET-name' }

/** @param store - its backend may be down, because no call may reach it */
async function refusesWrongArguments(store: UserStore): Promise<void> {
  for (const name of notNames as readonly string[]) {
    await assertTypeErrors(`a name of the type ${typeof name}`, {
      'findByOpenid, appId': () => store.findByOpenid(name, 'openid'),
      'findByOpenid, openid': () => store.findByOpenid('app', name),
      findByUnionid: () => store.findByUnionid(name),
      'create, appId': () => store.create({ appId: name, openid: 'openid' }),
      'create, openid': () => store.create({ appId: 'app', openid: name }),
      'link, userId': () => store.link(name, { appId: 'app', openid: 'openid' }),
      'link, appId': () => store.link('user', { appId: name, openid: 'openid' }),
      'link, openid': () => store.link('user', { appId: 'app', openid: name }),
      ...((name as unknown) !== undefined && {
        'create, unionid': () => store.create({ appId: 'app', openid: 'openid', unionid: name }),
        'link, unionid': () => store.link('user', { appId: 'app', openid: 'openid', unionid: name }),
      }),
    })
  }
}

export const failureCases: readonly UserStoreCase[] = [
  defineUserCase('rejects names that are not non-empty strings with a TypeError', async ({ store }) => {
    await refusesWrongArguments(store)
  }),

  defineUserCase(
    'rejects while its backend is down, and works again afterwards',
    async ({ store, harness, fresh }) => {
      const [appId, openid, unionid] = [fresh('app'), fresh('openid'), fresh('SECRET-unionid')]
      await store.create({ appId, openid, unionid, profile })
      const works = async (): Promise<void> => {
        const after = fresh('openid')
        await store.create({ appId, openid: after })
        assert.equal((await store.findByOpenid(appId, after))?.id, after)
      }
      await duringEachOutage(harness, works, async () => {
        const calls: Record<string, Promise<unknown>> = {
          findByOpenid: store.findByOpenid(appId, openid),
          findByUnionid: store.findByUnionid(unionid),
          create: store.create({ appId, openid: fresh('openid'), unionid, profile }),
          link: store.link(unionid, { appId, openid: fresh('openid'), unionid }),
        }
        await Promise.all(
          Object.entries(calls).map(async ([method, call]) => {
            assertStoreError(
              await within(getBound(harness), `${method} must reject`, catchRejection(method, call)),
              [unionid, profile.nickName],
            )
          }),
        )
      })
    },
    { needs: ['outages'], timeout: outageTimeout },
  ),

  defineUserCase(
    'rejects invalid arguments without calling the backend',
    async ({ store, harness, fresh }) => {
      await duringEachOutage(
        harness,
        async () => {
          await store.create({ appId: fresh('app'), openid: fresh('openid') })
        },
        async () => {
          await within(1000, 'the TypeErrors must be thrown', refusesWrongArguments(store))
        },
      )
    },
    { needs: ['outages'], timeout: outageTimeout },
  ),
]
