import { AsyncLocalStorage } from 'node:async_hooks'
import { expect } from 'chai'
import { json, startLoopbackServer, type LoopbackServer } from '../../helpers/loopback-server.js'
import { client, openid } from '../../helpers/wechat-replies.js'

// What an SDK of OpenTelemetry registers. The long suite has the real one.
const api = Symbol.for('opentelemetry.js.api.1')
const suppressTracing = Symbol.for('OpenTelemetry SDK Context Key SUPPRESS_TRACING')

class Context {
  readonly values: ReadonlyMap<symbol, unknown>

  constructor(values: Iterable<[symbol, unknown]> = []) {
    this.values = new Map(values)
  }

  setValue(key: symbol, value: unknown): Context {
    return new Context([...this.values, [key, value]])
  }
}

class ContextManager {
  readonly #storage = new AsyncLocalStorage<Context>()

  active(): Context {
    return this.#storage.getStore() ?? new Context()
  }

  with<T>(context: Context, run: () => T): T {
    return this.#storage.run(context, run)
  }
}

function register(global: unknown): void {
  Object.assign(globalThis, { [api]: global })
}

describe('requests in a process with OpenTelemetry', () => {
  let server: LoopbackServer
  before(async () => {
    server = await startLoopbackServer()
  })
  beforeEach(() => {
    server.answer(json({ errcode: 0 }))
  })
  after(async () => server.close())
  afterEach(() => Reflect.deleteProperty(globalThis, api))

  it('are made with tracing suppressed, and keep the rest of the context', async () => {
    const context = new ContextManager()
    register({ context })
    const mine = Symbol('mine')
    let during: Context | undefined
    const fetch = async (): Promise<Response> => {
      during = context.active()
      return Promise.resolve(Response.json({ errcode: 0 }))
    }
    await context.with(context.active().setValue(mine, 1), async () => {
      await client({ fetch }).verifyToken(openid, 'a')
      expect([...context.active().values], 'afterwards').to.deep.equal([[mine, 1]])
    })
    expect(during?.values.get(suppressTracing)).to.equal(true)
    expect(during?.values.get(mine)).to.equal(1)
  })

  it('are made by Node.js’s own client too', async () => {
    const context = new ContextManager()
    const suppressed: unknown[] = []
    const run = context.with.bind(context)
    register({
      context: Object.assign(context, {
        with: <T>(inner: Context, task: () => T): T => {
          suppressed.push(inner.values.get(suppressTracing))
          return run(inner, task)
        },
      }),
    })
    expect(await client({ endpoints: server.url }).verifyToken(openid, 'a')).to.equal(true)
    expect(suppressed).to.deep.equal([true])
  })

  for (const [name, global] of Object.entries({
    'no context manager': {},
    'something else': { context: { active: 1 } },
  })) {
    it(`are made as usual if there is ${name}`, async () => {
      register(global)
      expect(await client({ endpoints: server.url }).verifyToken(openid, 'a')).to.equal(true)
    })
  }
})
