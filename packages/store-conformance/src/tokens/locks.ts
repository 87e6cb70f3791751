import assert from 'node:assert/strict'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { defineTokenCase, type TokenContext, webToken } from './define.js'
import { assertStoreError, catchRejection, deferred, inBackground, within } from '../tools.js'
import type { TokenStore, TokenStoreCase } from './types.js'

/** Milliseconds: long enough not to matter, */
const long = 20_000
/** and short enough to wait for. */
const short = 500
/** What a round trip, a poll or a busy machine may cost. */
const slack = 5000

type Locking = Required<Pick<TokenStore, 'withLock'>> & TokenStore

/** The store and another on the same data; the same one twice where the harness makes no other. */
async function pair({ store, other }: TokenContext): Promise<[Locking, Locking]> {
  return [store as Locking, (await other()) as Locking]
}

/** Takes a lock and holds it until `release` is called, or the case is over. */
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
    'a free lock must be had',
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
      'withLock must reject when `wait` is over',
      catchRejection('withLock on a lock that is held', attempt),
    ),
    [],
    ['ERR_WECHAT_LOCK'],
  )
  assert.equal(ran, false, 'without its lock the task must not run')
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
    'runs the task of a lock and hands back its value',
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
    'lets one task into a lock at a time, of all stores on the same data',
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
              assert.equal(inside, 1, 'two tasks are in the lock')
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
    'keeps a lock from another store on the same data',
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
    'rejects with ERR_WECHAT_LOCK when the wait is over, and never runs the task',
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
        assert.ok(performance.now() - started >= wait - 20, `it must wait for ${wait} ms`)
      }
      await held.release()
      await assertFree(second, lock)
      // Time for one that still waits in secret.
      await sleep(short)
      assert.equal(ran, false, 'the task of a wait that is over must not run')
    },
    { needs: ['withLock'], timeout: long },
  ),

  defineTokenCase(
    'gives a free lock to who does not want to wait',
    async ({ store, key }) => {
      const value = await (store as Locking).withLock(`refresh:${key()}`, () => Promise.resolve('had'), {
        ttl: long,
        wait: 0,
      })
      assert.equal(value, 'had')
    },
    { needs: ['withLock'] },
  ),

  defineTokenCase(
    'hands a lock on as soon as it is released, not at the end of its lifetime',
    async (context) => {
      const [first, second] = await pair(context)
      const lock = `refresh:${context.key()}`
      const held = await hold(context, first, lock)
      const next = inBackground(
        second.withLock(lock, () => Promise.resolve('entered'), { ttl: long, wait: long }),
      )
      await sleep(50)
      await held.release()
      assert.equal(await within(slack, 'the next one must enter', next), 'entered')
    },
    { needs: ['withLock'], timeout: 2 * long },
  ),

  defineTokenCase(
    'releases a lock whose task rejects or throws, and passes on the error as it is',
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
    'fires the signal and lets the next one in when the lifetime of a lock is over',
    async (context) => {
      const [first, second] = await pair(context)
      const lock = `refresh:${context.key()}`
      const started = performance.now()
      const held = await hold(context, first, lock, short)
      const fired: Promise<unknown> = held.signal.aborted ? Promise.resolve() : once(held.signal, 'abort')
      await within(
        short + slack,
        'the next one must enter',
        second.withLock(
          lock,
          () => {
            const elapsed = performance.now() - started
            assert.ok(elapsed >= short - 20, `the next one must not enter before ${short} ms are over`)
            return Promise.resolve()
          },
          { ttl: long, wait: short + slack },
        ),
      )
      await within(250, 'the signal must fire when the lock is lost', fired)
      await held.release()
    },
    { needs: ['withLock'], timeout: long },
  ),

  defineTokenCase(
    'does not release the lock of the next holder when an earlier one ends late',
    async (context) => {
      const [first, second] = await pair(context)
      const lock = `refresh:${context.key()}`
      const late = await hold(context, first, lock, short)
      const next = await hold(context, second, lock)
      // Whether the late one rejects or not, it must not take the lock from the other.
      await late.release().catch(() => undefined)
      await assertHeld(first, lock)
      await next.release()
      await assertFree(first, lock)
    },
    { needs: ['withLock'], timeout: long },
  ),

  defineTokenCase(
    'gives the lock of a process that died to the next one when its lifetime is over',
    async (context) => {
      const { store, harness, key } = context
      const lock = `refresh:${key()}`
      const started = performance.now()
      const lifetime = 2000
      await harness.abandonLock?.(lock, lifetime, store)
      await within(
        lifetime + slack,
        'the lock must be had',
        (store as Locking).withLock(lock, () => Promise.resolve(), { ttl: long, wait: lifetime + slack }),
      )
      assert.ok(
        performance.now() - started >= lifetime - 20,
        'a lock must not be lost before its lifetime is over',
      )
    },
    { needs: ['withLock', 'abandonLock'], timeout: 2 * long },
  ),

  defineTokenCase(
    'holds locks of different names side by side',
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
    'keeps a lock and a record of the same name apart',
    async (context) => {
      const [first, second] = await pair(context)
      const name = `client:${context.key()}`
      const token = webToken(name)
      const held = await hold(context, first, name)
      assert.equal((await second.getToken(name)) ?? undefined, undefined, 'a lock is no record')
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
    'works on while a lock is held',
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
