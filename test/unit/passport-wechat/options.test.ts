import { WechatStrategy, type WechatStrategyOptions } from '@wechat-auth/passport-wechat'
import { expect } from 'chai'
import { thrown } from '../../helpers/rejection.js'
import { callbackURL } from '../../helpers/strategies.js'

const one = { appId: 'wxa', appSecret: 'secret', callbackURL }
const several = { callbackURL, apps: { mp: { appId: 'wxa', appSecret: 'secret' } } }
const create = (options: unknown, verify: unknown = () => undefined) =>
  new WechatStrategy(
    options as WechatStrategyOptions & { passReqToCallback: false },
    verify as () => undefined,
  )

describe('options of WechatStrategy', () => {
  const bad: [string, unknown, RegExp][] = [
    ['no options', undefined, /options/],
    ['no appId', { ...one, appId: undefined }, /appId/],
    ['an empty appId', { ...one, appId: '' }, /appId/],
    ['a number as appId', { ...one, appId: 1 }, /appId/],
    ['no appSecret', { ...one, appSecret: undefined }, /appSecret/],
    ['an unknown mode', { ...one, mode: 'web' }, /mode/],
    ['no callbackURL', { appId: 'wxa', appSecret: 's' }, /callbackURL/],
    ['no callbackURL for a website', { appId: 'wxa', appSecret: 's', mode: 'website' }, /callbackURL/],
    ['a callbackURL of another protocol', { ...one, callbackURL: 'ftp://shop.example/' }, /callbackURL/],
    ['an empty callbackURL', { ...one, callbackURL: '' }, /callbackURL/],
    ['an empty scope', { ...one, scope: '' }, /scope/],
    ['a scope that is not a string', { ...one, scope: [1] }, /scope/],
    ['no scopes', { ...one, scope: [] }, /scope/],
    ['apps that are not an object', { callbackURL, apps: [] }, /apps/],
    ['no apps', { callbackURL, apps: {} }, /apps/],
    [
      'an app of an unknown mode',
      { callbackURL, apps: { web: { appId: 'a', appSecret: 'b' } } },
      /apps\.web/,
    ],
    ['an app that is not an object', { callbackURL, apps: { mp: 'wxa' } }, /apps\.mp/],
    [
      'an app without appSecret',
      { callbackURL, apps: { website: { appId: 'wxa' } } },
      /apps\.website\.appSecret/,
    ],
    ['an app without callbackURL', { apps: { website: { appId: 'wxa', appSecret: 's' } } }, /callbackURL/],
    [
      'an app with a bad callbackURL',
      { apps: { website: { appId: 'wxa', appSecret: 's', callbackURL: 'javascript:0' } } },
      /apps\.website\.callbackURL/,
    ],
    [
      'an app with a bad scope',
      { callbackURL, apps: { mp: { appId: 'wxa', appSecret: 's', scope: 1 } } },
      /apps\.mp\.scope/,
    ],
    ['apps and a mode', { ...several, mode: 'mp' }, /mode/],
    ['apps and an appId', { ...several, appId: 'wxa' }, /appId/],
    ['a name that is not a string', { ...one, name: 1 }, /name/],
    ['a state that is a string', { ...one, state: 'static' }, /state/],
    ['a store without verify', { ...one, store: { store: () => undefined } }, /store/],
    ["a store as in passport-oauth2's `store: true`", { ...one, store: true }, /store/],
    [
      'a store with state: false',
      { ...one, state: false, store: { store: () => undefined, verify: () => undefined } },
      /store/,
    ],
    ['a proxy that is not a boolean', { ...one, proxy: 1 }, /proxy/],
    ['isCallback that is not a function', { ...one, isCallback: true }, /isCallback/],
    ['passReqToCallback that is not a boolean', { ...one, passReqToCallback: 'yes' }, /passReqToCallback/],
    ['unknown verifyArguments', { ...one, verifyArguments: 'array' }, /verifyArguments/],
    ['skipUserProfile that is a string', { ...one, skipUserProfile: 'yes' }, /skipUserProfile/],
    ['an unknown idSource', { ...one, idSource: 'nickname' }, /idSource/],
    ['an unknown snapshotUser', { ...one, snapshotUser: true }, /snapshotUser/],
    ['miniProgramInput that is not a function', { ...one, miniProgramInput: {} }, /miniProgramInput/],
    ['an unknown lang', { ...one, lang: 'fr' }, /lang/],
    ['endpoints over http', { ...one, endpoints: 'http://wechat.example' }, /endpoints/],
    ['a timeout that is a string', { ...one, timeout: '5s' }, /timeout/],
    ['a bad tokenStore', { ...one, tokenStore: {} }, /tokenStore|getToken/],
    [
      'bad client options if the app depends on the request',
      { ...one, appId: () => 'wxa', timeout: -1 },
      /timeout/,
    ],
  ]
  for (const [title, options, message] of bad) {
    it(`refuses ${title} with a TypeError that names the option`, () => {
      expect(thrown(() => create(options)))
        .to.be.instanceOf(TypeError)
        .with.property('message')
        .that.matches(message)
    })
  }

  const website = { ...one, mode: 'website' }
  const space = 'has white space at its start or end. Remove it'
  const forWebsite = 'belongs to mode website. For mp write snsapi_userinfo or snsapi_base'
  const forMp = 'belongs to mode mp. For website write snsapi_login'
  const app = { appId: 'wxa', appSecret: 's' }
  const exact: [string, unknown, string][] = [
    ['snsapi_login for mp', { ...one, scope: 'snsapi_login' }, `scope snsapi_login ${forWebsite}`],
    [
      'snsapi_login among others',
      { ...one, mode: 'mp', scope: ['snsapi_base', 'snsapi_login'] },
      `scope snsapi_login ${forWebsite}`,
    ],
    ['snsapi_login beside apps', { ...several, scope: 'snsapi_login' }, `scope snsapi_login ${forWebsite}`],
    [
      'snsapi_userinfo for website',
      { ...website, scope: 'snsapi_userinfo' },
      `scope snsapi_userinfo ${forMp}`,
    ],
    ['snsapi_base for website', { ...website, scope: 'snsapi_base' }, `scope snsapi_base ${forMp}`],
    [
      'snsapi_base for website beside its own scope',
      { ...website, scope: 'snsapi_login, snsapi_base' },
      `scope snsapi_base ${forMp}`,
    ],
    [
      'snsapi_userinfo for website in apps',
      { callbackURL, apps: { website: { ...app, scope: 'snsapi_userinfo' } } },
      `apps.website.scope snsapi_userinfo ${forMp}`,
    ],
    [
      'the scope of an official account if there is only a website',
      { callbackURL, apps: { website: app }, scope: 'snsapi_base' },
      `scope snsapi_base ${forMp}`,
    ],
    ...['s\n', ' s', '\u00a0s', 's\ufeff'].map((appSecret): [string, unknown, string] => [
      `the appSecret ${JSON.stringify(appSecret)}`,
      { ...one, appSecret },
      `appSecret ${space}`,
    ]),
    ['an appId with white space', { ...one, appId: 'wxa\r\n' }, `appId ${space}`],
    [
      'an appSecret with white space in apps',
      { callbackURL, apps: { miniprogram: { ...app, appSecret: 's ' } } },
      `apps.miniprogram.appSecret ${space}`,
    ],
    ['a callbackURL with white space', { ...one, callbackURL: '/callback\n' }, `callbackURL ${space}`],
  ]
  for (const [title, options, message] of exact) {
    it(`refuses ${title} with advice`, () => {
      const error = thrown(() => create(options))
      expect(error).to.be.instanceOf(TypeError).with.property('message', `WechatStrategy: ${message}`)
    })
  }

  it('accepts scopes of the mode, and unknown ones', () => {
    const ofMp = ['snsapi_base', 'snsapi_base,snsapi_userinfo', ['snsapi_userinfo'], 'snsapi_new']
    const ofWebsite = ['snsapi_login', ['snsapi_login', 'snsapi_new']]
    const good = [
      ...ofMp.map((scope) => ({ ...one, scope })),
      ...ofWebsite.map((scope) => ({ ...website, scope })),
      { ...one, mode: 'miniprogram', scope: 'snsapi_base' },
    ]
    for (const options of good) expect(() => create(options)).not.to.throw()
  })

  it('refuses a missing verify function with a TypeError that names it', () => {
    expect(thrown(() => create(one, null)))
      .to.be.instanceOf(TypeError)
      .with.property('message')
      .that.matches(/verify/)
  })

  it('names the strategy wechat by default', () => {
    expect(create(one).name).to.equal('wechat')
    expect(create({ ...one, name: 'wechat-cn' }).name).to.equal('wechat-cn')
  })

  it('needs no callbackURL for a mini-program', () => {
    expect(() => create({ appId: 'wxa', appSecret: 's', mode: 'miniprogram' })).not.to.throw()
  })

  it('accepts null for callbackURL if each call provides its own', () => {
    expect(() => create({ ...one, callbackURL: null })).not.to.throw()
  })

  it('does not change the options', () => {
    const frozen = Object.freeze({
      ...several,
      apps: Object.freeze({ mp: Object.freeze({ ...several.apps.mp }) }),
    })
    expect(() => create(frozen)).not.to.throw()
    expect(frozen).to.deep.equal(several)
  })
})
