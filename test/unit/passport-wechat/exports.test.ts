import byDefault, {
  CookieStateStore,
  Strategy,
  WechatStrategy,
  type WechatAuthenticateOptions,
  type WechatProfile,
  type WechatTokenParams,
  type WechatVerifyCallback,
} from '@wechat-auth/passport-wechat'
import { expect } from 'chai'
import type { Request, RequestHandler } from 'express'
import passport, { type Profile } from 'passport'
import { apps, callbackURL } from '../../helpers/strategies.js'

const one = { appId: 'wxa', appSecret: 'secret', callbackURL }
const { mp } = apps

describe('the package', () => {
  it('exports the class under every name, with every named export as a property', () => {
    expect([Strategy, byDefault]).to.deep.equal([WechatStrategy, WechatStrategy])
    expect(WechatStrategy).to.include({ WechatStrategy, Strategy, CookieStateStore })
  })

  it('prints its name', () => {
    expect([WechatStrategy.name, CookieStateStore.name]).to.deep.equal(['WechatStrategy', 'CookieStateStore'])
  })
})

// tsc checks these. The forms with `params` need their types written down. In the others they are inferred.
describe('the types', () => {
  it("infer verify's parameters from their number", () => {
    const strategies = [
      new WechatStrategy(one, (accessToken, refreshToken, profile, done) =>
        done(null, { at: accessToken.length, rt: refreshToken.length, name: profile.displayName }),
      ),
      new WechatStrategy(
        one,
        (
          accessToken: string,
          refreshToken: string,
          params: WechatTokenParams,
          profile: WechatProfile,
          done: WechatVerifyCallback,
        ) => done(null, { accessToken, refreshToken, expires: params.expires_in, id: profile.unionid }),
      ),
      new WechatStrategy(one, ({ accessToken, params, profile }) =>
        Promise.resolve({ at: accessToken, openid: params.openid, gender: profile.gender }),
      ),
      new WechatStrategy(one, async (accessToken, refreshToken, profile) => ({
        at: accessToken.length,
        rt: refreshToken.length,
        name: profile.displayName,
      })),
      new WechatStrategy({ ...one, verifyArguments: 'object' }, ({ profile, req }, done) =>
        done(null, { id: profile.id, url: req.url }),
      ),
      new WechatStrategy(
        { ...one, passReqToCallback: true },
        (req, accessToken, refreshToken, profile, done) =>
          done(null, { url: req.url, accessToken, refreshToken, id: profile.id }),
      ),
      new WechatStrategy(
        { ...one, passReqToCallback: true },
        (
          req: Request,
          accessToken: string,
          refreshToken: string,
          params: WechatTokenParams,
          profile: WechatProfile,
          done: WechatVerifyCallback,
        ) => done(null, { url: req.url, accessToken, refreshToken, scope: params.scope, id: profile.id }),
      ),
      new WechatStrategy({ apps: { mp }, callbackURL }, async ({ profile }) => ({ id: profile.id })),
    ]
    for (const strategy of strategies) expect(strategy.name).to.equal('wechat')
  })

  it("make a profile assignable to Passport's", () => {
    const toPassports = (profile: WechatProfile): Profile => profile
    expect(toPassports).to.be.a('function')
  })

  it("allow a strategy to be used, and called with WeChat's options", () => {
    const auth = new passport.Passport()
    auth.use(new WechatStrategy(one, () => undefined))
    const options: WechatAuthenticateOptions = {
      mode: 'miniprogram',
      session: false,
      state: { returnTo: '/' },
    }
    const handlers = [
      auth.authenticate('wechat', options),
      auth.authenticate('wechat', { scope: ['snsapi_base'], failureRedirect: '/login' }) as RequestHandler,
    ]
    for (const handler of handlers) expect(handler).to.be.a('function')
  })

  it("keep callbacks as loose as Passport's, because other strategies share them", () => {
    const only = <T>(loose: unknown extends T ? T : never): unknown => loose
    expect(
      new passport.Passport().authenticate('local', { session: false }, (error, user, info) => [
        only<typeof error>(error),
        only<typeof user>(user),
        only<typeof info>(info),
      ]),
    ).to.be.a('function')
  })
})
