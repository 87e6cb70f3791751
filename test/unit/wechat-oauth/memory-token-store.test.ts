import { MemoryTokenStore, StoreError, type WechatToken } from '@wechat-auth/wechat-oauth'
import { expect } from 'chai'
import sinon from 'sinon'
import { rejection } from '../../helpers/rejection.js'

const token = (openid: string, fields: Partial<WechatToken> = {}): WechatToken => ({
  openid,
  access_token: `token of ${openid}`,
  create_at: 1,
  ...fields,
})
const keysOf = async (store: MemoryTokenStore, keys: string[]): Promise<string[]> => {
  const found = await Promise.all(keys.map(async (key) => ((await store.getToken(key)) ? [key] : [])))
  return found.flat()
}

describe('MemoryTokenStore', () => {
  afterEach(() => {
    sinon.restore()
  })

  it('returns the saved record, with its types', async () => {
    const store = new MemoryTokenStore()
    const saved = token('o', {
      expires_in: 7200,
      scope: 'a,b',
      extra: { list: [1, null, '🐼'] },
      when: new Date(5),
    })
    await store.saveToken('o', saved)
    expect(await store.getToken('o')).to.deep.equal(saved)
  })

  it('has nothing for a key that was never saved', async () => {
    expect(await new MemoryTokenStore().getToken('o')).to.equal(undefined)
  })

  it('replaces a record whole', async () => {
    const store = new MemoryTokenStore()
    await store.saveToken('o', token('o', { scope: 'snsapi_base', mine: 1 }))
    await store.saveToken('o', { openid: 'o', create_at: 2 })
    expect(await store.getToken('o')).to.deep.equal({ openid: 'o', create_at: 2 })
    expect(store.size).to.equal(1)
  })

  it('forgets a deleted record', async () => {
    const store = new MemoryTokenStore()
    await store.saveToken('o', token('o'))
    await store.deleteToken('o')
    await store.deleteToken('o')
    expect(await store.getToken('o')).to.equal(undefined)
  })

  it('copies in and out, at every depth', async () => {
    const store = new MemoryTokenStore()
    const given = { ...token('o'), nested: { value: 1 } }
    await store.saveToken('o', given)
    given.nested.value = 2
    const first = (await store.getToken('o')) as typeof given
    first.nested.value = 3
    first.access_token = 'changed'
    expect(await store.getToken('o')).to.deep.equal({ ...token('o'), nested: { value: 1 } })
  })

  it('rejects a record that cannot be copied, and keeps the old one', async () => {
    const store = new MemoryTokenStore()
    await store.saveToken('o', token('o'))
    await rejection(store.saveToken('o', { ...token('o'), method: () => {} }))
    expect(await store.getToken('o')).to.deep.equal(token('o'))
  })

  const strange = [
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    'a'.repeat(10_000),
    ' ',
    '\u0000',
    '🐼',
    'A',
    'a',
    'é',
    'e\u0301',
    'client:wx1',
    '0',
    '-0',
  ]
  for (const key of strange) {
    it(`${JSON.stringify(key).slice(0, 30)} is a key like any other`, async () => {
      const store = new MemoryTokenStore()
      expect(await store.getToken(key)).to.equal(undefined)
      await store.saveToken(key, token(key))
      expect(await store.getToken(key)).to.deep.equal(token(key))
      expect(await keysOf(store, strange)).to.deep.equal([key])
      await store.deleteToken(key)
      expect(await store.getToken(key)).to.equal(undefined)
    })
  }

  for (const key of [undefined, null, '', 5, {}, ['o']]) {
    it(`${(JSON.stringify(key) as string | undefined) ?? 'undefined'} is not a key`, async () => {
      const store = new MemoryTokenStore()
      const wrong = key as string
      for (const visit of [
        store.getToken(wrong),
        store.saveToken(wrong, token('o')),
        store.deleteToken(wrong),
        store.withLock(wrong, async () => {}),
      ]) {
        await rejection(visit, TypeError)
      }
      expect(store.size).to.equal(0)
    })
  }

  describe('its bound', () => {
    it('is 10,000 records by default', async () => {
      const store = new MemoryTokenStore()
      for (let index = 0; index <= 10_000; index += 1) await store.saveToken(`o${index}`, token('o'))
      expect(store.size).to.equal(10_000)
      expect(await store.getToken('o0')).to.equal(undefined)
      expect(await store.getToken('o1')).to.not.equal(undefined)
    })

    it('drops the least recently used record: reading and saving are uses', async () => {
      const store = new MemoryTokenStore({ max: 3 })
      for (const key of ['a', 'b', 'c']) await store.saveToken(key, token(key))
      await store.getToken('a')
      await store.saveToken('b', token('b'))
      await store.saveToken('d', token('d'))
      expect(await keysOf(store, ['a', 'b', 'c', 'd'])).to.deep.equal(['a', 'b', 'd'])
    })

    it('may be a single record', async () => {
      const store = new MemoryTokenStore({ max: 1 })
      await store.saveToken('a', token('a'))
      await store.saveToken('b', token('b'))
      expect(await keysOf(store, ['a', 'b'])).to.deep.equal(['b'])
    })

    for (const max of [0, -1, 1.5, NaN, Infinity, '5', null]) {
      it(`cannot be ${String(max)}`, () => {
        expect(() => new MemoryTokenStore({ max: max as number })).to.throw(TypeError, /max/)
      })
    }
  })

  describe('its ttl', () => {
    it('counts seconds from when a record was saved, not from when it was read', async () => {
      const clock = sinon.useFakeTimers({ now: 1000, toFake: ['Date'] })
      const store = new MemoryTokenStore({ ttl: 10 })
      await store.saveToken('o', token('o'))
      clock.setSystemTime(10_999)
      expect(await store.getToken('o')).to.not.equal(undefined)
      clock.setSystemTime(11_000)
      expect(await store.getToken('o')).to.equal(undefined)
      expect(store.size).to.equal(0)
    })

    it('is unlimited by default', async () => {
      const clock = sinon.useFakeTimers({ now: 1000, toFake: ['Date'] })
      const store = new MemoryTokenStore()
      await store.saveToken('o', token('o'))
      clock.setSystemTime(8_000_000_000_000_000)
      expect(await store.getToken('o')).to.not.equal(undefined)
    })

    for (const ttl of [0, -1, NaN, '5', null]) {
      it(`cannot be ${String(ttl)}`, () => {
        expect(() => new MemoryTokenStore({ ttl: ttl as number })).to.throw(TypeError, /ttl/)
      })
    }
  })

  describe('its lock', () => {
    const gate = (): { opened: Promise<void>; open: () => void } => {
      let open = (): void => {}
      const opened = new Promise<void>((resolve) => {
        open = resolve
      })
      return { opened, open }
    }

    it('resolves to what the task resolves to', async () => {
      expect(await new MemoryTokenStore().withLock('k', async () => 5)).to.equal(5)
    })

    it('lets tasks in one after another, in the order in which they came', async () => {
      const store = new MemoryTokenStore()
      const order: string[] = []
      const gates = [gate(), gate(), gate()]
      const runs = gates.map(async ({ opened }, index) =>
        store.withLock('k', async () => {
          order.push(`in ${index}`)
          await opened
          order.push(`out ${index}`)
        }),
      )
      for (const { open } of [...gates].reverse()) open()
      await Promise.all(runs)
      expect(order).to.deep.equal(['in 0', 'out 0', 'in 1', 'out 1', 'in 2', 'out 2'])
    })

    it('of one key does not delay another, not even __proto__', async () => {
      const store = new MemoryTokenStore()
      const held = gate()
      const first = store.withLock('k', async () => held.opened)
      await store.withLock('K', async () => {})
      await store.withLock('__proto__', async () => {})
      held.open()
      await first
    })

    it('does not delay reading and writing', async () => {
      const store = new MemoryTokenStore()
      await store.withLock('k', async () => {
        await store.saveToken('k', token('k'))
        expect(await store.getToken('k')).to.deep.equal(token('k'))
      })
    })

    for (const [how, task] of Object.entries({
      rejects: async () => Promise.reject(new Error('task failed')),
      throws: (): never => {
        throw new Error('task failed')
      },
    })) {
      it(`is free again when the task ${how}, and the caller gets the error`, async () => {
        const store = new MemoryTokenStore()
        const first = store.withLock('k', task)
        const second = store.withLock('k', async () => 'second')
        expect(await rejection(first)).to.have.property('message', 'task failed')
        expect(await second).to.equal('second')
      })
    }

    it('times out after `wait` milliseconds with ERR_WECHAT_LOCK, without running the task', async () => {
      const clock = sinon.useFakeTimers()
      const store = new MemoryTokenStore()
      const held = gate()
      const first = store.withLock('k', async () => held.opened, { ttl: 10_000 })
      let ran = false
      const second = rejection(
        store.withLock(
          'k',
          async () => {
            ran = true
          },
          { wait: 500 },
        ),
        StoreError,
      )
      const third = store.withLock('k', async () => 'third', { wait: 5000 })
      await clock.tickAsync(500)
      expect(await second).to.include({ code: 'ERR_WECHAT_LOCK' })
      held.open()
      await first
      expect(await third).to.equal('third')
      expect(ran).to.equal(false)
    })

    it('is waited for 15 seconds and held for 10 by default', async () => {
      const clock = sinon.useFakeTimers()
      const store = new MemoryTokenStore()
      const forever = new Promise<never>(() => {})
      let signal: AbortSignal | undefined
      void store.withLock('k', async (given) => {
        signal = given
        return forever
      })
      await clock.tickAsync(9999)
      expect(signal?.aborted).to.equal(false)
      await clock.tickAsync(1)
      expect(signal?.aborted).to.equal(true)
      void store.withLock('k', async () => forever, { ttl: 60_000 })
      const waiting = rejection(
        store.withLock('k', async () => {}),
        StoreError,
      )
      await clock.tickAsync(14_999)
      expect(await Promise.race([waiting, Promise.resolve('still waiting')])).to.equal('still waiting')
      await clock.tickAsync(1)
      expect(await waiting).to.include({ code: 'ERR_WECHAT_LOCK' })
    })

    it('goes to the next when it expires: the signal fires before, and the late holder cannot release it', async () => {
      const clock = sinon.useFakeTimers()
      const store = new MemoryTokenStore()
      const [late, next] = [gate(), gate()]
      const order: string[] = []
      const first = store.withLock(
        'k',
        async (signal) => {
          signal.addEventListener('abort', () => {
            order.push('signal')
          })
          await late.opened
        },
        { ttl: 100 },
      )
      const second = store.withLock('k', async () => {
        order.push('second')
        await next.opened
      })
      const third = store.withLock('k', async () => {
        order.push('third')
      })
      await clock.tickAsync(100)
      expect(order).to.deep.equal(['signal', 'second'])
      late.open()
      await first
      await clock.tickAsync(10)
      expect(order).to.deep.equal(['signal', 'second'])
      next.open()
      await Promise.all([second, third])
      expect(order).to.deep.equal(['signal', 'second', 'third'])
    })

    it('does not fire the signal of a task that ended before it expired', async () => {
      const clock = sinon.useFakeTimers()
      let signal: AbortSignal | undefined
      await new MemoryTokenStore().withLock(
        'k',
        async (given) => {
          signal = given
        },
        { ttl: 100 },
      )
      await clock.tickAsync(1000)
      expect(signal?.aborted).to.equal(false)
      expect(clock.countTimers()).to.equal(0)
    })

    for (const [name, values] of Object.entries({
      ttl: [0, -1, NaN, Infinity, 2 ** 31, '5', null],
      wait: [-1, NaN, Infinity, 2 ** 31, '5', null],
    })) {
      for (const value of values) {
        it(`cannot have the ${name} ${String(value)}`, async () => {
          const error = await rejection(
            new MemoryTokenStore().withLock('k', async () => {}, { [name]: value as number }),
            TypeError,
          )
          expect(error.message).to.contain(name)
        })
      }
    }

    it('may have a wait of 0', async () => {
      const store = new MemoryTokenStore()
      const held = gate()
      const first = store.withLock('k', async () => held.opened, { wait: 0 })
      expect(
        await rejection(
          store.withLock('k', async () => {}, { wait: 0 }),
          StoreError,
        ),
      ).to.include({ code: 'ERR_WECHAT_LOCK' })
      held.open()
      await first
    })
  })
})
