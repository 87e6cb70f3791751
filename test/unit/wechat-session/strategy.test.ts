import { inspect } from 'node:util'
import { StoreError } from '@wechat-auth/wechat-oauth'
import {
  MemorySessionStore,
  WechatSessions,
  WechatSessionStrategy,
  type WechatSessionVerify,
  type WechatSessionVerifyWithRequest,
} from '@wechat-auth/wechat-session'
import { expect } from 'chai'
import sinon from 'sinon'
import { action, authenticate, requestOf, type Action } from '../../helpers/authenticate.js'
import { client } from '../../helpers/wechat-replies.js'
import { alice, setting, watched } from './setting.js'

const realm = 'Bearer realm="wechat-session"'
const isInvalid = `${realm}, error="invalid_token", error_description="The session does not exist or has ended. Log in again"`

const withToken = (token: string, scheme = 'Bearer ') =>
  requestOf({ headers: { authorization: scheme + token } })

/** Sends a request of Alice to a strategy with this verify function. */
async function ofAlice(verify?: WechatSessionVerify) {
  const { sessions, logIn } = setting()
  const { token, user } = await logIn(alice)
  const session = (await sessions.getSession(token))!
  const strategy = new WechatSessionStrategy({ sessions }, verify)
  return { sessions, token, user, session, strategy, taken: () => authenticate(strategy, withToken(token)) }
}

describe('WechatSessionStrategy', () => {
  it('accepts a token: the registered user, with the session as info', async () => {
    const { user, session, taken } = await ofAlice()
    expect(await taken()).to.deep.equal({ action: 'success', user, info: session })
  })

  it('accepts the scheme in any case, as HTTP requires', async () => {
    const { strategy, token } = await ofAlice()
    for (const scheme of ['bearer ', 'BEARER ', 'Bearer  '])
      expect((await authenticate(strategy, withToken(token, scheme))).action).to.equal('success')
  })

  const strangers: [string, Record<string, string>][] = [
    ['no header', {}],
    ['another scheme', { authorization: 'Basic YWxpY2U6eA==' }],
    ['a scheme that starts with Bearer', { authorization: 'Bearers x' }],
    ['an empty header', { authorization: '' }],
  ]
  for (const [title, headers] of strangers) {
    it(`asks for a token, without an error, if there is ${title}`, async () => {
      const { sessions, sessionStore } = setting()
      expect(
        await authenticate(new WechatSessionStrategy({ sessions }), requestOf({ headers })),
      ).to.deep.equal({ action: 'fail', info: realm, status: 401 })
      expect(sessionStore.calls).to.deep.equal([])
    })
  }

  for (const header of [
    'Bearer',
    'Bearer ',
    'Bearer a b',
    'Bearer *',
    `Bearer v1.${alice}.shop.${'A'.repeat(43)}`,
    'Bearer ", error="none',
  ]) {
    it(`refuses ${header} as an invalid token`, async () => {
      const strategy = new WechatSessionStrategy({ sessions: setting().sessions })
      expect(await authenticate(strategy, requestOf({ headers: { authorization: header } }))).to.deep.equal({
        action: 'fail',
        info: isInvalid,
        status: 401,
      })
    })
  }

  it('logs every refusal for developers, without the token and what verify says of the user', async () => {
    const lines: unknown[] = []
    const log =
      (level: string) =>
      (...line: unknown[]) => {
        lines.push([level, ...line])
      }
    const logger = { debug: log('debug'), warn: log('warn') }
    const { sessions, token } = await ofAlice()
    const refuse = (strategy: WechatSessionStrategy, given: string) =>
      action('fail', authenticate(strategy, given === '' ? requestOf() : withToken(given)))
    const strategy = new WechatSessionStrategy({ sessions, logger })
    await refuse(strategy, '')
    await refuse(strategy, 'unknown')
    const info = { message: 'Alice is banned', code: 'BANNED' }
    const strict: WechatSessionVerify = (_session, done) => {
      ;(done as (error: null, user: false, info: object) => void)(null, false, info)
    }
    await refuse(new WechatSessionStrategy({ sessions, logger, name: 'strict' }, strict), token)
    await action('success', authenticate(strategy, withToken(token)))
    const because = (cause: string, facts: object) => ['debug', `A request was refused: ${cause}`, facts]
    const own = { strategy: 'wechat-session' }
    expect(lines).to.deep.equal([
      because('it has no session token', own),
      because('its session does not exist or has ended', own),
      because('the user of its session does not exist, or verify refused the user', {
        strategy: 'strict',
        code: 'BANNED',
      }),
    ])
  })

  it('reads a token from the header only', async () => {
    const { strategy, token } = await ofAlice()
    const taken = await authenticate(
      strategy,
      requestOf({ query: { access_token: token, token }, body: { access_token: token } }),
    )
    expect(taken).to.deep.equal({ action: 'fail', info: realm, status: 401 })
  })

  it('refuses a token that was revoked', async () => {
    const { sessions, token, taken } = await ofAlice()
    await sessions.revokeToken(token)
    expect(await action('fail', taken())).to.deep.include({ info: isInvalid })
  })

  it("accepts users that the application's function finds", async () => {
    const own = { id: 7, name: 'Alice' }
    const asked: unknown[] = []
    const sessions = new WechatSessions({
      oauth: client(),
      sessionStore: new MemorySessionStore(),
      sku: 'shop',
      createUser: () => own,
      findUser: (account) => {
        asked.push(account)
        return own
      },
    })
    const { token } = await sessions.issueTokenFor(own.id, { openid: alice, unionid: 'oUNION' })
    const taken = await action(
      'success',
      authenticate(new WechatSessionStrategy({ sessions }), withToken(token)),
    )
    expect(taken.user).to.equal(own)
    expect(asked).to.deep.equal([{ appId: 'wx00000000000000aa', openid: alice, unionid: 'oUNION' }])
  })

  it('refuses a session if its user no longer exists', async () => {
    const { sessions } = setting()
    const { token } = await sessions.issueTokenFor('gone', { openid: alice })
    const taken = await action(
      'fail',
      authenticate(new WechatSessionStrategy({ sessions }), withToken(token)),
    )
    expect([taken.info, taken.status]).to.deep.equal([
      `${realm}, error="invalid_token", error_description="The user of this session does not exist"`,
      401,
    ])
  })

  for (const failing of ['get', 'findByOpenid']) {
    it(`is an error, not a refusal, if a store fails (${failing})`, async () => {
      const problem = (method: string): unknown =>
        method === failing ? Promise.reject(new Error('SECRET')) : undefined
      const sessionStore = watched(new MemorySessionStore(), problem)
      const { sessions, userStore } = setting({ sessionStore })
      const { token } = await sessions.issueTokenFor(alice, { openid: alice })
      await userStore.store.create({ appId: 'wx00000000000000aa', openid: alice })
      if (failing === 'findByOpenid') sinon.stub(userStore.store, 'findByOpenid').rejects(new Error('SECRET'))
      const { error } = await action(
        'error',
        authenticate(new WechatSessionStrategy({ sessions }), withToken(token)),
      )
      expect(error).to.be.an.instanceOf(StoreError)
      expect(inspect(error)).to.not.contain('SECRET')
      sinon.restore()
    })
  }

  it('has its name in the challenge, whatever the name is', async () => {
    const strategy = new WechatSessionStrategy({ sessions: setting().sessions, name: 'a "b"\r\nX: y' })
    expect(await authenticate(strategy, requestOf())).to.deep.include({ info: 'Bearer realm="a ?b???X: y"' })
  })

  it('shows no secrets when it is inspected', async () => {
    const { strategy, token } = await ofAlice()
    expect(inspect(strategy, { depth: 9, showHidden: true }))
      .to.not.contain(token)
      .and.not.contain(alice)
  })

  it('serves concurrent requests even if the instance is passed to Passport', async () => {
    const { strategy, token, user } = await ofAlice()
    const taken: unknown[] = []
    const request = (header: string, name: string): Promise<void> =>
      new Promise((resolve) => {
        const note = (what: string) => (value: unknown) => {
          taken.push([name, what, value])
          resolve()
        }
        // A host that never redirects may leave that action out.
        const actions = ['success', 'fail', 'error'].map((what) => [what, note(what)])
        Object.assign(strategy, Object.fromEntries(actions))
        strategy.authenticate(requestOf({ headers: { authorization: header } }))
      })
    await Promise.all([request(`Bearer ${token}`, 'first'), request('Bearer *', 'second')])
    expect(taken).to.have.deep.members([
      ['first', 'success', user],
      ['second', 'fail', isInvalid],
    ])
  })
})

describe('verify of WechatSessionStrategy', () => {
  const found = { id: 7, name: 'Alice' }
  const answering: [string, WechatSessionVerify][] = [
    ['done', (_session, done) => done(null, found)],
    ['done, later', (_session, done) => setImmediate(() => done(null, found))],
    ['a promise', () => Promise.resolve(found)],
    [
      'a promise beside a declared done',
      async (session, done) => typeof done === 'function' && session.openid === alice && found,
    ],
    ['a thenable', (session) => ({ session, then: (resolve: (user: unknown) => void) => resolve(found) })],
    ['a value', (session) => session.openid === alice && found],
    [
      'the first of several',
      async (_session, done) => {
        done(null, found)
        done(null, false)
        return { id: 8 }
      },
    ],
    ['done, of a function without parameters', sinon.stub().callsArgWith(1, null, found)],
    ['done, of a function with a rest parameter', (...parameters) => parameters[1](null, found)],
  ]
  for (const [title, verify] of answering) {
    it(`gives the user with ${title}`, async () => {
      const { session, taken } = await ofAlice(verify)
      expect(await taken()).to.deep.equal({ action: 'success', user: found, info: session })
    })
  }

  it('gets the session, and the request before it with passReqToCallback', async () => {
    const { sessions, token, session } = await ofAlice()
    const verify = sinon.spy<WechatSessionVerifyWithRequest>((_req, _session, done) => done(null, found))
    const req = withToken(token)
    await action(
      'success',
      authenticate(
        new WechatSessionStrategy({ sessions, passReqToCallback: true }, (first, second, done) =>
          verify(first, second, done),
        ),
        req,
      ),
    )
    expect(verify.args[0]?.slice(0, 2)).to.deep.equal([req, session])
    expect(JSON.stringify(verify.args[0]?.[1])).to.not.contain(token)
  })

  it('adds to info and cannot replace the session in it', async () => {
    const { session, taken } = await ofAlice((_session, done) =>
      done(null, found, { scope: 'all', userId: 'somebody else' }),
    )
    expect((await action('success', taken())).info).to.deep.equal({ scope: 'all', ...session })
  })

  const refusing: [string, WechatSessionVerify, string][] = [
    ['done(null, false)', (_session, done) => done(null, false), 'The user of this session does not exist'],
    [
      'done with a reason',
      (_session, done) => done(null, false, { message: 'Blocked "today"\r\n' }),
      'Blocked ?today???',
    ],
    ['done with a string', (_session, done) => done(null, null, 'Blocked'), 'Blocked'],
    ['a promise of false', () => Promise.resolve(false), 'The user of this session does not exist'],
    ['a promise of null', () => Promise.resolve(null), 'The user of this session does not exist'],
    [
      'a promise of nothing, if it declares no done',
      async (session) => session.device,
      'The user of this session does not exist',
    ],
  ]
  for (const [title, verify, message] of refusing) {
    it(`refuses with ${title}`, async () => {
      const { taken } = await ofAlice(verify)
      expect(await taken()).to.deep.equal({
        action: 'fail',
        info: `${realm}, error="invalid_token", error_description="${message}"`,
        status: 401,
      })
    })
  }

  const problem = new Error('of the application')
  const failing: [string, WechatSessionVerify][] = [
    ['done', (_session, done) => done(problem)],
    [
      'a throw',
      () => {
        throw problem
      },
    ],
    ['a rejection', () => Promise.reject(problem)],
  ]
  for (const [title, verify] of failing) {
    it(`passes on an error of ${title} unchanged`, async () => {
      const { taken } = await ofAlice(verify)
      expect(await taken()).to.deep.equal({ action: 'error', error: problem })
    })
  }

  it('turns an empty rejection into an error', async () => {
    const { taken } = await ofAlice(() => Promise.reject(undefined))
    expect((await action('error', taken())).error).to.be.an.instanceOf(Error)
  })
})

describe('an application that throws', () => {
  it('inside success gets it through error, once', async () => {
    const { strategy, token } = await ofAlice()
    const problem = new Error('of the application')
    const taken: Action = await authenticate(
      strategy,
      withToken(token),
      {},
      {
        success: () => {
          throw problem
        },
      },
    )
    expect(taken).to.deep.equal({ action: 'error', error: problem })
  })

  it('is not awaited if it returns a value that is not a promise', async () => {
    const { strategy, token } = await ofAlice()
    let looks = 0
    const thenable = {
      then: () => {
        looks += 1
      },
    }
    const throwing = () => {
      throw new Error('of the application')
    }
    for (const asked of ['success', 'error', 'next']) {
      await new Promise<void>((resolve) => {
        const hooks: Record<string, () => unknown> = { success: throwing, error: throwing }
        hooks[asked] = () => {
          resolve()
          return thenable
        }
        void authenticate(strategy, Object.assign(withToken(token), { next: hooks['next'] }), {}, hooks)
      })
    }
    await new Promise(setImmediate)
    expect(looks).to.equal(0)
  })

  it('inside error as well gets it through next', async () => {
    const { strategy, token } = await ofAlice()
    const problem = new Error('of the application')
    const heard = await new Promise((next) => {
      const req = Object.assign(withToken(token), { next })
      void authenticate(
        strategy,
        req,
        {},
        {
          success: () => {
            throw new Error('first')
          },
          error: () => {
            throw problem
          },
        },
      )
    })
    expect(heard).to.equal(problem)
  })
})

describe('the login that Passport does inside success', () => {
  it("has session: false, and returns the promise of Fastify's logIn", async () => {
    const { strategy, token, user } = await ofAlice()
    const options = { successRedirect: '/' }
    const given: unknown[] = []
    const logIn = async (...parameters: unknown[]) => {
      given.push(parameters)
    }
    const req = Object.assign(withToken(token), { logIn })
    const returned = await new Promise<unknown[]>((resolve) => {
      void authenticate(strategy, req, options, { success: () => resolve([req.logIn(user, options)]) })
    })
    expect(returned[0]).to.be.a('promise')
    expect(given).to.deep.equal([[user, { successRedirect: '/', session: false }, undefined]])
    expect(options).to.deep.equal({ successRedirect: '/' })
    expect(req).to.have.property('logIn', logIn)
  })
})
