import {
  WechatStrategy,
  type AnyWechatVerify,
  type WechatStrategyOptions,
  type WechatVerifyCallback,
  type WechatVerifyInput,
} from '@wechat-auth/passport-wechat'
import { expect } from 'chai'
import type { Request } from 'express'
import { action, authenticate, requestOf, type Action } from '../../helpers/authenticate.js'
import { FakeWechat } from '../../helpers/fake-wechat.js'
import { callbackURL } from '../../helpers/strategies.js'
import { appId, appSecret, code, openid, tokenReply, unionid } from '../../helpers/wechat-replies.js'

const user = { id: 1 } as Express.User
const facts = { appId, mode: 'mp', openid }

/** Logs a user in with this verify function. */
async function logIn(
  verify: Verify | ((input: WechatVerifyInput) => unknown),
  options: Partial<WechatStrategyOptions> = {},
  wechat = new FakeWechat(),
): Promise<Action & { req: Request }> {
  const settings = {
    appId,
    appSecret,
    callbackURL,
    fetch: wechat.fetch,
    ...options,
  } as WechatStrategyOptions & { passReqToCallback: false; verifyArguments: 'object' }
  const strategy = new WechatStrategy(settings, verify as AnyWechatVerify as () => unknown)
  const session = {}
  const { state } = await strategy.getAuthorization(requestOf({ session }))
  const req = requestOf({ session, query: { code, state } })
  return { ...(await authenticate(strategy, req)), req }
}

const values = (received: unknown[]): unknown[] =>
  received.map((value) => (typeof value === 'function' ? 'done' : value))
const { refresh_token: refreshToken, ...params } = tokenReply()
const { access_token: accessToken } = params

type Verify = (...given: unknown[]) => unknown

/** A function that declares this many parameters. */
const declaring = (length: number, verify: Verify): Verify =>
  Object.defineProperty((...given: unknown[]) => verify(...given), 'length', { value: length })
const doneOf = (given: unknown[]) => given.at(-1) as WechatVerifyCallback
/** A verify function with a declared `done`. */
const callback = (verify: (done: WechatVerifyCallback) => unknown): Verify =>
  declaring(4, (...given) => verify(doneOf(given)))

describe('the arguments of verify', () => {
  // The arguments by position, for each number of declared parameters.
  const four = (received: unknown[]) => {
    expect(received).to.have.length(4)
    expect(received.slice(0, 2)).to.deep.equal([accessToken, refreshToken])
    expect(received[2]).to.have.property('provider', 'wechat')
    expect(received[3]).to.equal('done')
  }
  const five = (received: unknown[]) => {
    expect(received).to.have.length(5)
    expect(received[2]).to.deep.equal(params)
    four([...received.slice(0, 2), ...received.slice(3)])
  }
  const object = (received: unknown[], req: unknown) => {
    expect(received).to.have.length(2)
    expect(received[0]).to.deep.include({ accessToken, refreshToken, params, req })
    expect(received[0]).to.have.nested.property('profile.provider', 'wechat')
    expect(received[1]).to.equal('done')
  }
  const withReq = (check: (received: unknown[]) => void) => (received: unknown[], req: unknown) => {
    expect(received[0]).to.equal(req)
    check(received.slice(1))
  }
  const forms: [
    number,
    Partial<WechatStrategyOptions>,
    string,
    (received: unknown[], req: unknown) => void,
  ][] = [
    [0, {}, 'four positions', four],
    [1, {}, 'one object', object],
    [2, {}, 'four positions', four],
    [3, {}, 'four positions', four],
    [4, {}, 'four positions', four],
    [5, {}, 'five positions, the token reply third', five],
    [6, {}, 'four positions', four],
    [0, { passReqToCallback: true }, 'the request and four positions', withReq(four)],
    [1, { passReqToCallback: true }, 'one object', object],
    [4, { passReqToCallback: true }, 'the request and four positions', withReq(four)],
    [5, { passReqToCallback: true }, 'the request and four positions', withReq(four)],
    [6, { passReqToCallback: true }, 'the request and five positions, the token reply fourth', withReq(five)],
    [0, { verifyArguments: 'object' }, 'one object', object],
    [2, { verifyArguments: 'object' }, 'one object', object],
    [4, { verifyArguments: 'object', passReqToCallback: true }, 'one object', object],
    [1, { verifyArguments: 'positional' }, 'four positions', four],
  ]
  for (const [length, options, title, check] of forms) {
    it(`are ${title} for a function of ${length} parameters with ${JSON.stringify(options)}`, async () => {
      let received: unknown[] = []
      const { action: taken, req } = await logIn(
        declaring(length, (...given) => {
          received = values(given)
          doneOf(given)(null, user)
        }),
        options,
      )
      expect(taken).to.equal('success')
      check(received, req)
    })
  }
})

describe('the answer of verify', () => {
  const refused = {
    message: 'This application does not allow this WeChat user to log in',
    code: 'ERR_WECHAT_VERIFY',
  }
  const failure = new Error('the database is down')
  const own = { message: 'you are banned', until: 2030 }
  const answers: [string, Verify, Record<string, unknown>][] = [
    ['done with a user', callback((done) => done(null, user)), { action: 'success', user, info: facts }],
    [
      'done with a user, later',
      callback((done) => {
        setImmediate(done, null, user)
      }),
      { action: 'success', user, info: facts },
    ],
    [
      'done with a user and info',
      callback((done) => done(null, user, { isNew: true })),
      { action: 'success', user, info: { isNew: true, ...facts } },
    ],
    [
      'done with a user and a string',
      callback((done) => done(null, user, 'Hello')),
      { action: 'success', user, info: { message: 'Hello', ...facts } },
    ],
    [
      'done with false',
      callback((done) => done(null, false)),
      { action: 'fail', info: refused, status: 401 },
    ],
    ['done with nothing', callback((done) => done()), { action: 'fail', info: refused, status: 401 }],
    [
      'done with false and info of null',
      callback((done) => done(null, false, null as unknown as undefined)),
      { action: 'fail', info: refused, status: 401 },
    ],
    [
      'done with false and its own info',
      callback((done) => done(null, false, own)),
      { action: 'fail', info: own, status: 401 },
    ],
    [
      'done with false and a string',
      callback((done) => done(null, false, '你被封禁了')),
      { action: 'fail', info: { message: '你被封禁了', code: 'ERR_WECHAT_VERIFY' }, status: 401 },
    ],
    ['done with an error', callback((done) => done(failure)), { action: 'error', error: failure }],
    [
      'done with an error that is not an Error',
      callback((done) => done('down')),
      { action: 'error', error: 'down' },
    ],
    [
      'a throw',
      () => {
        throw failure
      },
      { action: 'error', error: failure },
    ],
    ['a promise of a user', async () => user, { action: 'success', user, info: facts }],
    [
      'a promise of a user beside a declared done',
      callback(async () => user),
      { action: 'success', user, info: facts },
    ],
    ['a promise of false', async () => false, { action: 'fail', info: refused, status: 401 }],
    [
      'a promise of null beside a declared done',
      callback(async () => null),
      { action: 'fail', info: refused, status: 401 },
    ],
    [
      'a promise of undefined if no done is declared',
      async () => undefined,
      { action: 'fail', info: refused, status: 401 },
    ],
    [
      'a thenable of a user if no done is declared',
      () => ({ then: (resolve: (value: unknown) => void) => resolve(user) }),
      { action: 'success', user, info: facts },
    ],
    ['a rejection', () => Promise.reject(failure), { action: 'error', error: failure }],
    [
      'done, then a throw',
      callback((done) => {
        done(null, user)
        throw failure
      }),
      { action: 'success', user, info: facts },
    ],
    [
      'done, then a rejection',
      callback(async (done) => {
        done(null, user)
        throw failure
      }),
      { action: 'success', user, info: facts },
    ],
    [
      'the first of two calls of done',
      callback((done) => {
        done(null, user)
        done(failure)
      }),
      { action: 'success', user, info: facts },
    ],
    [
      "done within an async function that declares none, as Nest's",
      async (...given) => {
        doneOf(given)(null, user)
      },
      { action: 'success', user, info: facts },
    ],
    [
      'done after an async function that declares it has resolved',
      callback(async (done) => {
        setImmediate(done, null, user)
      }),
      { action: 'success', user, info: facts },
    ],
  ]
  for (const [title, verify, expected] of answers) {
    it(`is taken from ${title}`, async () => {
      const { action: taken, ...rest } = await logIn(verify)
      expect({ ...rest, action: taken }).to.deep.include(expected)
    })
    it(`is taken from ${title}, with one object`, async () => {
      const { action: taken, ...rest } = await logIn(verify.length === 4 ? declaring(2, verify) : verify, {
        verifyArguments: 'object',
      })
      expect({ ...rest, action: taken }).to.deep.include(expected)
    })
  }

  it('is not taken from a thenable beside a declared done, because it may be a query that runs when inspected', async () => {
    let runs = 0
    const query = {
      then: () => {
        runs += 1
      },
    }
    const { action: taken } = await logIn(
      callback((done) => {
        setImmediate(done, null, user)
        return query
      }),
    )
    expect(taken).to.equal('success')
    expect(runs).to.equal(0)
  })

  it('may be returned without a promise by a function whose only parameter is the object', async () => {
    for (const [answer, expected] of [
      [user, 'success'],
      [false, 'fail'],
      [null, 'fail'],
    ] as const) {
      expect((await logIn(declaring(1, () => answer))).action).to.equal(expected)
    }
  })

  it('is not the return value of a function that may have a done, because that can be anything', async () => {
    for (const length of [0, 2, 3, 4]) {
      const taken = await logIn(declaring(length, (...given) => setTimeout(doneOf(given), 0, null, false)))
      expect(taken.action).to.equal('fail')
    }
  })

  it('is an error if a rejection has no reason, which Express would ignore', async () => {
    for (const reason of [undefined, null, 'route', 'router']) {
      const taken = await logIn(() => Promise.reject(reason))
      expect(taken).to.have.property('action', 'error')
      expect(taken).to.have.property('error').that.is.instanceOf(Error)
    }
  })

  it('cannot replace the facts in info', async () => {
    const taken = await logIn(callback((done) => done(null, user, { openid: 'somebody else' })))
    expect(taken).to.have.nested.property('info.openid', openid)
  })
})

describe('info', () => {
  it('returns the state of the call, of any JSON type', async () => {
    for (const state of [{ returnTo: '/cart', list: [1, null] }, 'text', 0, false, null, []]) {
      const wechat = new FakeWechat()
      const strategy = new WechatStrategy(
        { appId, appSecret, callbackURL, fetch: wechat.fetch },
        async ({ profile }) => ({ id: profile.id }),
      )
      const session = {}
      const { state: sent } = await strategy.getAuthorization(requestOf({ session }), { state })
      const { info } = await action(
        'success',
        authenticate(strategy, requestOf({ session, query: { code, state: sent } })),
      )
      expect(info).to.deep.equal({ state, ...facts })
    }
  })

  it('has the unionid if WeChat sends one', async () => {
    const wechat = new FakeWechat()
    wechat.replies['/sns/oauth2/access_token'] = tokenReply({ unionid })
    const taken = await logIn(
      async ({ profile }: WechatVerifyInput) => ({ id: profile.id }),
      { verifyArguments: 'object' },
      wechat,
    )
    expect(taken)
      .to.have.property('info')
      .that.deep.equals({ ...facts, unionid })
  })
})
