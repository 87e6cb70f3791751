import assert from 'node:assert/strict'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { defineTokenCase, type TokenContext, webToken } from './define.js'
import { assertStoreError, catchRejection, deferred, inBackground, within } from '../tools.js'
import type { TokenStore, TokenStoreCase } from './types.js'

/** In milliseconds: longer than any case takes. */
const long = 20_000
/** In milliseconds: short enough for a case to wait for it. */
const short = 500
/** In milliseconds: an allowance for round trips, polling and a busy machine. */
const slack = 5000

type Locking = Required<Pick<TokenStore, 'withLock'>> & TokenStore

/** The store and another on the same data; the same store twice if the harness has no `second`. */
async function pair({ store, other }: TokenContext): Promise<[Locking, Locking]> {
  return [store as Locking, (await other()) as Locking]
}

/** Acquires a lock and holds it until `release` is called or the case ends. */
async function hold(
  { onEnd }: TokenContext,
  store: Locking,
  key: string,
  ttl = long,
): Promise<{ release: () => Promise<void>; signal: AbortSignal }> {
  const entered = deferred<AbortSignal>()
  const gate = deferred()
  onEnd(gate.resolve)
  const holding = store.withLock(
    key,
    (signal) => {
      entered.resolve(signal)
      return gate.promise
    },
    { ttl, wait: slack },
  )
  const signal = await within(
    slack + 1000,
    'a free lock must be acquired',
    Promise.race([entered.promise, holding.then(() => assert.fail('the task was not run'))]),
  )
  return {
    signal,
    release: async () => {
      gate.resolve()
      await holding
    },
  }
}

async function assertHeld(store: Locking, key: string): Promise<void> {
  let ran = false
  const attempt = store.withLock(
    key,
    () => {
      ran = true
      return Promise.resolve()
    },
    { ttl: long, wait: 100 },
  )
  assertStoreError(
    await within(
      slack,
      'withLock must reject when `wait` times out',
      catchRejection('withLock on a lock that is held', attempt),
    ),
    [],
    ['ERR_WECHAT_LOCK'],
  )
  assert.equal(ran, false, 'the task must not run without its lock')
}

async function assertFree(store: Locking, key: string, what = 'the lock must be free'): Promise<void> {
  await within(
    slack,
    what,
    store.withLock(key, () => Promise.resolve(), { ttl: long, wait: slack }),
  )
}

export const lockCases: readonly TokenStoreCase[] = [
  defineTokenCase(
    'runs the task and returns its value',
    async ({ store, key }) => {
      const locking = store as Locking
      const value = { of: 'the task' }
      const result = await locking.withLock(`refresh:${key()}`, (signal) => {
        assert.ok(signal instanceof AbortSignal)
        assert.equal(signal.aborted, false)
        return Promise.resolve(value)
      })
      assert.equal(result, value)
    },
    { needs: ['withLock'] },
  ),

  defineTokenCase(
    'runs one task at a time across all stores on the same data',
    async (context) => {
      const stores = await pair(context)
      const lock = `refresh:${context.key()}`
      const counter = context.key('-counter')
      const tasks = 20
      let inside = 0
      await Promise.all(
        Array.from({ length: tasks }, async (_, index) => {
          const store = stores[index % 2 === 0 ? 0 : 1]
          await store.withLock(
            lock,
            async () => {
              inside += 1
              assert.equal(inside, 1, 'two tasks run under the lock at once')
              const count = Number((await store.getToken(counter))?.count ?? 0)
              await sleep(2)
              await store.saveToken(counter, webToken(counter, { count: count + 1 }))
              inside -= 1
            },
            { ttl: long, wait: long },
          )
        }),
      )
      assert.equal((await stores[0].getToken(counter))?.count, tasks)
    },
    { needs: ['withLock'], timeout: 2 * long },
  ),

  defineTokenCase(
    'does not give a held lock to another store on the same data',
    async (context) => {
      const [first, second] = await pair(context)
      const lock = `refresh:${context.key()}`
      const held = await hold(context, first, lock)
      await assertHeld(second, lock)
      await held.release()
      await assertFree(second, lock)
    },
    { needs: ['withLock', 'second'], timeout: long },
  ),

  defineTokenCase(
    'rejects with ERR_WECHAT_LOCK when the wait times out, and never runs the task',
    async (context) => {
      const [first, second] = await pair(context)
      const lock = `refresh:${context.key()}`
      let ran = false
      const task = (): Promise<void> => {
        ran = true
        return Promise.resolve()
      }
      const held = await hold(context, first, lock)
      for (const wait of [0, 200]) {
        const started = performance.now()
        const error = await within(
          slack,
          'withLock must reject',
          catchRejection('withLock', second.withLock(lock, task, { ttl: long, wait })),
        )
        assertStoreError(error, [], ['ERR_WECHAT_LOCK'])
        assert.ok(performance.now() - started >= wait - 20, `it must wait ${wait} ms`)
      }
      await held.release()
      await assertFree(second, lock)
      // An attempt that is still waiting would run the task now.
      await sleep(short)
      assert.equal(ran, false, 'the task must not run after its wait has timed out')
    },
    { needs: ['withLock'], timeout: long },
  ),

  defineTokenCase(
    'acquires a free lock even with a wait of 0',
    async ({ store, key }) => {
      const value = await (store as Locking).withLock(`refresh:${key()}`, () => Promise.resolve('acquired'), {
        ttl: long,
        wait: 0,
      })
      assert.equal(value, 'acquired')
    },
    { needs: ['withLock'] },
  ),

  defineTokenCase(
    'hands over a lock as soon as it is released, before its lifetime ends',
    async (context) => {
      const [first, second] = await pair(context)
      const lock = `refresh:${context.key()}`
      const held = await hold(context, first, lock)
      const next = inBackground(
        second.withLock(lock, () => Promise.resolve('entered'), { ttl: long, wait: long }),
      )
      await sleep(50)
      await held.release()
      assert.equal(await within(slack, 'the next holder must get the lock', next), 'entered')
    },
    { needs: ['withLock'], timeout: 2 * long },
  ),

  defineTokenCase(
    'releases the lock when the task rejects or throws, and rejects with the same error',
    async (context) => {
      const [first, second] = await pair(context)
      const lock = `refresh:${context.key()}`
      const problem = new Error('of the task')
      const tasks = [
        () => Promise.reject(problem),
        () => {
          throw problem
        },
      ]
      for (const task of tasks) {
        assert.equal(
          await catchRejection('withLock', first.withLock(lock, task, { ttl: long, wait: 0 })),
          problem,
        )
        await assertFree(second, lock)
      }
    },
    { needs: ['withLock'], timeout: long },
  ),

  defineTokenCase(
    'aborts the signal and lets the next holder in when the lifetime of the lock ends',
    async (context) => {
      const [first, second] = await pair(context)
      const lock = `refresh:${context.key()}`
      const started = performance.now()
      const held = await hold(context, first, lock, short)
      const fired: Promise<unknown> = held.signal.aborted ? Promise.resolve() : once(held.signal, 'abort')
      await within(
        short + slack,
        'the next holder must get the lock',
        second.withLock(
          lock,
          () => {
            const elapsed = performance.now() - started
            assert.ok(
              elapsed >= short - 20,
              `the next holder must not get the lock before ${short} ms have passed`,
            )
            return Promise.resolve()
          },
          { ttl: long, wait: short + slack },
        ),
      )
      await within(250, 'the signal must be aborted when the lock is lost', fired)
      await held.release()
    },
    { needs: ['withLock'], timeout: long },
  ),

  defineTokenCase(
    'does not release the lock of the next holder when an earlier holder finishes late',
    async (context) => {
      const [first, second] = await pair(context)
      const lock = `refresh:${context.key()}`
      const late = await hold(context, first, lock, short)
      const next = await hold(context, second, lock)
      // It does not matter whether the late holder rejects; it must not take the lock from the next one.
      await late.release().catch(() => undefined)
      await assertHeld(first, lock)
      await next.release()
      await assertFree(first, lock)
    },
    { needs: ['withLock'], timeout: long },
  ),

  defineTokenCase(
    'frees the lock of a process that died when the lifetime of the lock ends',
    async (context) => {
      const { store, harness, key } = context
      const lock = `refresh:${key()}`
      const started = performance.now()
      const lifetime = 2000
      await harness.abandonLock?.(lock, lifetime, store)
      await within(
        lifetime + slack,
        'the lock must be acquired',
        (store as Locking).withLock(lock, () => Promise.resolve(), { ttl: long, wait: lifetime + slack }),
      )
      assert.ok(
        performance.now() - started >= lifetime - 20,
        'a lock must not be lost before its lifetime ends',
      )
    },
    { needs: ['withLock', 'abandonLock'], timeout: 2 * long },
  ),

  defineTokenCase(
    'holds locks with different names at the same time',
    async (context) => {
      const [first, second] = await pair(context)
      const { key } = context
      const long128 = key().padEnd(135, 'x')
      const locks = [
        key('a'),
        key('A'),
        key('a '),
        key('\u00e9'),
        key('e\u0301'),
        `refresh:${key()}`,
        `client:${key()}`,
        `ticket:jsapi:${key()}`,
        `${long128}1`,
        `${long128}2`,
        '__proto__',
        'constructor',
      ]
      const held = []
      for (const [index, lock] of locks.entries())
        held.push(await hold(context, index % 2 === 0 ? first : second, lock))
      for (const [index, lock] of locks.entries()) await assertHeld(index % 2 === 0 ? second : first, lock)
      for (const { release } of held) await release()
    },
    { needs: ['withLock'], timeout: 2 * long },
  ),

  defineTokenCase(
    'keeps a lock and a record with the same name separate',
    async (context) => {
      const [first, second] = await pair(context)
      const name = `client:${context.key()}`
      const token = webToken(name)
      const held = await hold(context, first, name)
      assert.equal(
        (await second.getToken(name)) ?? undefined,
        undefined,
        'a lock must not be read as a record',
      )
      await second.saveToken(name, token)
      assert.deepStrictEqual(await first.getToken(name), token)
      await assertHeld(second, name)
      if (first.deleteToken) {
        await first.deleteToken(name)
        await assertHeld(second, name)
        await second.saveToken(name, token)
      }
      await held.release()
      assert.deepStrictEqual(await second.getToken(name), token)
    },
    { needs: ['withLock'], timeout: long },
  ),

  defineTokenCase(
    'keeps working while locks are held',
    async (context) => {
      const [first, second] = await pair(context)
      const names = Array.from({ length: 30 }, (_, index) => `refresh:${context.key(`-${index}`)}`)
      const held = await Promise.all(names.map((name) => hold(context, first, name)))
      const openid = context.key()
      await within(
        slack,
        'a record must be saved and read',
        Promise.all(
          [first, second].map(async (store) => {
            await store.saveToken(openid, webToken(openid))
            assert.equal((await store.getToken(openid))?.openid, openid)
          }),
        ),
      )
      await Promise.all(held.map(({ release }) => release()))
    },
    { needs: ['withLock'], timeout: 2 * long },
  ),
]
