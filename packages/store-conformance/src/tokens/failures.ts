import assert from 'node:assert/strict'
import { defineTokenCase, webToken } from './define.js'
import { duringEachOutage, getBound, outageTimeout } from '../outages.js'
import { assertIsOfBackend, assertIsOfRecord, assertStoreError, catchRejection, within } from '../tools.js'
import type { TokenStore, TokenStoreCase } from './types.js'
import { refusesWrongKeys } from './keys.js'

const secrets = {
  access_token: 'SECRET-access-token',
  refresh_token: 'SECRET-refresh-token',
  session_key: 'SECRET-session-key',
  note: 'SECRET-note',
}
const values = Object.values(secrets)

/** Saves and reads a token, to check that the store works. */
function saves(store: TokenStore, openid: string): () => Promise<void> {
  const token = webToken(openid, { access_token: 'after the outage' })
  return async () => {
    await store.saveToken(openid, token)
    assert.deepStrictEqual(await store.getToken(openid), token)
  }
}

export const failureCases: readonly TokenStoreCase[] = [
  defineTokenCase(
    'rejects while its backend is down, and works again afterwards',
    async ({ store, harness, key }) => {
      const openid = key()
      await store.saveToken(openid, webToken(openid, secrets))
      await duringEachOutage(harness, saves(store, openid), async () => {
        let ran = false
        const calls: Record<string, Promise<unknown> | undefined> = {
          getToken: store.getToken(openid),
          saveToken: store.saveToken(openid, webToken(openid, secrets)),
          deleteToken: store.deleteToken?.(openid),
          withLock: store.withLock?.(
            `refresh:${openid}`,
            () => {
              ran = true
              return Promise.resolve()
            },
            { ttl: 1000, wait: 1000 },
          ),
        }
        await Promise.all(
          Object.entries(calls).map(async ([method, call]) => {
            if (!call) return
            const error = await within(
              getBound(harness),
              `${method} must reject`,
              catchRejection(method, call),
            )
            assertStoreError(
              error,
              values,
              method === 'withLock' ? ['ERR_WECHAT_STORE', 'ERR_WECHAT_LOCK'] : undefined,
            )
            assertIsOfBackend(error)
          }),
        )
        assert.equal(ran, false, 'the task must not run without its lock')
      })
    },
    { needs: ['outages'], timeout: outageTimeout },
  ),

  defineTokenCase(
    'rejects an invalid key without calling the backend',
    async ({ store, harness, key }) => {
      await duringEachOutage(harness, saves(store, key()), async () => {
        await within(1000, 'a TypeError must be thrown', refusesWrongKeys(store))
      })
    },
    { needs: ['outages'], timeout: outageTimeout },
  ),

  defineTokenCase(
    'rejects when the record is corrupt',
    async ({ store, harness, key }) => {
      const openid = key()
      const neighbour = webToken(key('-neighbour'))
      await store.saveToken(neighbour.openid, neighbour)
      await store.saveToken(openid, webToken(openid, secrets))
      await harness.corrupt?.(openid, store)
      const error = await catchRejection('getToken', store.getToken(openid))
      assertStoreError(error, values)
      assertIsOfRecord(error)
      assert.deepStrictEqual(await store.getToken(neighbour.openid), neighbour)
    },
    { needs: ['corrupt'] },
  ),

  defineTokenCase(
    'replaces a corrupt record on save',
    async ({ store, harness, key }) => {
      const openid = key()
      const token = webToken(openid, { extra: { a: 1 } })
      await store.saveToken(openid, webToken(openid, secrets))
      await harness.corrupt?.(openid, store)
      await store.saveToken(openid, token)
      assert.deepStrictEqual(await store.getToken(openid), token)
    },
    { needs: ['corrupt'] },
  ),

  defineTokenCase(
    'deletes a corrupt record',
    async ({ store, harness, key }) => {
      const openid = key()
      await store.saveToken(openid, webToken(openid, secrets))
      await harness.corrupt?.(openid, store)
      await store.deleteToken?.(openid)
      assert.equal((await store.getToken(openid)) ?? undefined, undefined)
    },
    { needs: ['corrupt', 'deleteToken'] },
  ),
]
