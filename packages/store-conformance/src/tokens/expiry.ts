import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { defineTokenCase, type TokenContext, webToken } from './define.js'
import type { TokenStore, TokenStoreCase } from './types.js'

const ttl = 2
const lifetime = ttl * 1000
const attempts = 3

async function expiringStore({
  harness,
  keep,
}: TokenContext): Promise<{ store: TokenStore; advance: (ms: number) => Promise<void> }> {
  const { expiry } = harness
  assert.ok(expiry)
  return {
    store: keep(await expiry.create(ttl)),
    advance: async (ms) => {
      await (expiry.advance ? expiry.advance(ms) : sleep(ms))
    },
  }
}

export const expiryCases: readonly TokenStoreCase[] = [
  defineTokenCase(
    'forgets a record when its lifetime has ended',
    async (context) => {
      const { store, advance } = await expiringStore(context)
      const openid = context.key()
      await store.saveToken(openid, webToken(openid))
      await advance(lifetime + 100)
      assert.equal((await store.getToken(openid)) ?? undefined, undefined)
    },
    { needs: ['expiry'], timeout: 20_000 },
  ),

  defineTokenCase(
    'counts the lifetime from the last save',
    async (context) => {
      const { store, advance } = await expiringStore(context)
      for (let attempt = 1; attempt <= attempts; attempt += 1) {
        const openid = context.key(`-${attempt}`)
        await store.saveToken(openid, webToken(openid))
        await advance(lifetime * 0.6)
        const token = webToken(openid, { access_token: 'the next' })
        const saved = performance.now()
        await store.saveToken(openid, token)
        await advance(lifetime * 0.6)
        const read = await store.getToken(openid)
        // If the machine was busy for this long, the result proves nothing.
        if (performance.now() - saved >= lifetime && attempt < attempts) continue
        assert.deepStrictEqual(read, token)
        return
      }
    },
    { needs: ['expiry'], timeout: 30_000 },
  ),
]
