import {
  MemorySessionStore,
  MemoryUserStore,
  WechatSessions,
  WechatSessionStrategy,
} from '@wechat-auth/wechat-session'
import { expect } from 'chai'
import { thrown } from '../../helpers/rejection.js'
import { client } from '../../helpers/wechat-replies.js'

const good = {
  oauth: client(),
  sessionStore: new MemorySessionStore(),
  userStore: new MemoryUserStore(),
  sku: 'shop',
}
const functions = { userStore: undefined, findUser: () => null, createUser: () => ({ id: '1' }) }
const sessions = new WechatSessions(good)

const wrong: [string, unknown, RegExp][] = [
  ['no options', undefined, /options must be an object/],
  ['no oauth', { ...good, oauth: undefined }, /oauth/],
  ['a bad oauth', { ...good, oauth: {} }, /oauth/],
  ['no sessionStore', { ...good, sessionStore: undefined }, /sessionStore/],
  [
    'a token store as a session store',
    { ...good, sessionStore: { getToken: () => null, saveToken: () => null } },
    /sessionStore/,
  ],
  ['no user store', { ...good, userStore: undefined }, /userStore/],
  ['half a user store', { ...good, userStore: { create: () => null } }, /userStore/],
  ['both kinds of users', { ...good, ...functions, userStore: good.userStore }, /cannot be combined/],
  ['findUser alone', { ...good, ...functions, createUser: undefined }, /createUser/],
  ...[undefined, '', 'a.b', 'a b', 's'.repeat(33), 'é', 1].map(
    (sku) => [`the sku ${sku}`, { ...good, sku }, /sku/] as [string, unknown, RegExp],
  ),
  ...[0, -1, 0.5, NaN, Infinity, '60', 1e12].map(
    (ttl) => [`the ttl ${ttl}`, { ...good, ttl }, /ttl/] as [string, unknown, RegExp],
  ),
  ...[0, -1, 1.5, '2'].map(
    (maxSessions) =>
      [`maxSessions ${maxSessions}`, { ...good, maxSessions }, /maxSessions/] as [string, unknown, RegExp],
  ),
  ['sliding that is a string', { ...good, sliding: 'yes' }, /sliding/],
  ['a timeout of zero', { ...good, timeout: 0 }, /timeout/],
  ['a clock that is not a function', { ...good, now: 1 }, /now/],
  ['a bad logger', { ...good, logger: {} }, /logger/],
]

describe('the options of WechatSessions', () => {
  for (const [title, options, message] of wrong) {
    it(`refuse ${title} with a TypeError that names it`, () => {
      const error = thrown(() => new WechatSessions(options as typeof good))
      expect(error).to.be.an.instanceOf(TypeError)
      expect((error as Error).message).to.match(message)
    })
  }

  it('accept functions instead of a user store', () => {
    expect(() => new WechatSessions({ ...good, ...functions } as never)).to.not.throw()
  })
})

describe('the options of WechatSessionStrategy', () => {
  const refused: [unknown, unknown?][] = [
    [undefined],
    [{}],
    [{ sessions: {} }],
    [{ sessions, name: '' }],
    [{ sessions, passReqToCallback: 1 }],
    [{ sessions, logger: { debug() {} } }],
    [{ sessions }, 'verify'],
  ]
  for (const [options, verify] of refused) {
    it(`refuse ${JSON.stringify([options, verify])} with a TypeError`, () => {
      expect(thrown(() => new WechatSessionStrategy(options as never, verify as never))).to.be.an.instanceOf(
        TypeError,
      )
    })
  }

  it('include a default name', () => {
    expect(new WechatSessionStrategy({ sessions }).name).to.equal('wechat-session')
    expect(new WechatSessionStrategy({ sessions, name: 'shop' }).name).to.equal('shop')
  })
})
