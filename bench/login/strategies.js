// The strategies to compare, each configured as its README asks. All log the same user in.
import { request } from 'node:https'
import { createRequire } from 'node:module'
import { stringify } from 'node:querystring'
import { Strategy } from 'passport'
import OAuth2Strategy from 'passport-oauth2'

const require = createRequire(import.meta.url)
const { appId, appSecret } = JSON.parse(process.env.BENCH_APP)
const callbackURL = 'https://shop.example/auth/callback'

/** The minimum: the same two calls with the same client as ours, and nothing else. */
class BareStrategy extends Strategy {
  name = 'wechat'

  authenticate(req) {
    if (!req.query.code)
      return this.redirect(`https://open.weixin.qq.com/connect/oauth2/authorize?appid=${appId}`)
    login(req.query.code).then(
      (user) => this.success(user),
      (error) => this.error(error),
    )
  }
}

async function login(code) {
  const token = await json(
    `/sns/oauth2/access_token?appid=${appId}&secret=${appSecret}&code=${code}&grant_type=authorization_code`,
  )
  const user = await json(
    `/sns/userinfo?access_token=${token.access_token}&openid=${token.openid}&lang=zh_CN`,
  )
  return { id: user.openid }
}

async function json(path) {
  return new Promise((resolve, reject) => {
    const asking = request({ hostname: 'api.weixin.qq.com', path }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk) => {
        text += chunk
      })
      response.on('end', () => {
        const answer = JSON.parse(text)
        // Until then the connection is busy, and the next call would open another one.
        if (asking.writableFinished) resolve(answer)
        else asking.once('close', () => resolve(answer))
      })
    })
    asking.once('error', reject)
    asking.end()
  })
}

const authorizationURL = 'https://open.weixin.qq.com/connect/oauth2/authorize'
const api = 'https://api.weixin.qq.com/sns/'

/** What passport-oauth2 needs to log in with WeChat: WeChat's names of the parameters, and no checks. */
class PlainStrategy extends OAuth2Strategy {
  constructor(verify) {
    const tokenURL = `${api}oauth2/access_token`
    super(
      {
        authorizationURL,
        tokenURL,
        clientID: appId,
        clientSecret: appSecret,
        callbackURL,
        scope: 'snsapi_userinfo',
        state: true,
      },
      verify,
    )
    this.name = 'wechat'
    this._oauth2.getAuthorizeUrl = ({ redirect_uri, response_type, scope, state }) =>
      `${authorizationURL}?${stringify({ appid: appId, redirect_uri, response_type, scope, state })}#wechat_redirect`
    // WeChat's user data need the openid too, so the access token that passport-oauth2 passes on is the whole answer.
    this._oauth2.getOAuthAccessToken = (code, { grant_type }, callback) => {
      const query = stringify({ appid: appId, secret: appSecret, code, grant_type })
      getBy(this._oauth2, `${tokenURL}?${query}`, (error, token) =>
        callback(error, token, token?.refresh_token, token),
      )
    }
  }

  userProfile({ access_token, openid }, done) {
    getBy(this._oauth2, `${api}userinfo?${stringify({ access_token, openid, lang: 'zh_CN' })}`, done)
  }
}

function getBy(oauth2, url, callback) {
  oauth2._request('GET', url, {}, '', null, (error, text) => {
    if (error) callback(error)
    else callback(null, JSON.parse(text))
  })
}

/** By name: the strategy and the options of `passport.authenticate`. */
export const strategies = {
  ours: async () => {
    const { WechatStrategy } = await import('@wechat-auth/passport-wechat')
    return new WechatStrategy({ appId, appSecret, callbackURL }, (accessToken, refreshToken, profile, done) =>
      done(null, { id: profile.id }),
    )
  },
  bare: () => new BareStrategy(),
  plain: () => {
    const tokens = new Map()
    return new PlainStrategy((token, refreshToken, profile, done) => {
      tokens.set(profile.openid, { ...token, create_at: Date.now() })
      done(null, { id: profile.openid })
    })
  },
  'passport-wechat': () => {
    const WechatStrategy = require('passport-wechat')
    const options = {
      appID: appId,
      appSecret,
      client: 'wechat',
      callbackURL,
      scope: 'snsapi_userinfo',
      state: 'state',
    }
    return new WechatStrategy(options, (accessToken, refreshToken, profile, expiresIn, done) =>
      done(null, { id: profile.openid }),
    )
  },
  'passport-weixin': () => {
    const WeixinStrategy = require('passport-weixin')
    const options = {
      clientID: appId,
      clientSecret: appSecret,
      callbackURL,
      scope: 'snsapi_userinfo',
      requireState: false,
    }
    return new WeixinStrategy(options, (accessToken, refreshToken, profile, done) =>
      done(null, { id: profile._json.openid }),
    )
  },
}
