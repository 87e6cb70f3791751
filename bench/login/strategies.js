// The strategies to compare, each configured as its README asks. All log the same user in.
import { request } from 'node:https'
import { createRequire } from 'node:module'
import { Strategy } from 'passport'

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

/** By name: the strategy and the options of `passport.authenticate`. */
export const strategies = {
  ours: async () => {
    const { WechatStrategy } = await import('@wechat-auth/passport-wechat')
    return new WechatStrategy({ appId, appSecret, callbackURL }, (accessToken, refreshToken, profile, done) =>
      done(null, { id: profile.id }),
    )
  },
  bare: () => new BareStrategy(),
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
