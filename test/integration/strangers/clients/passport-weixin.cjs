const express = require('express')
const { Passport } = require('passport')
const WeixinStrategy = require('passport-weixin')
const { accounts, complain, listen } = require('./application.cjs')

const authorizationURL = 'https://open.weixin.qq.com/connect/oauth2/authorize'
const settings = {
  website: { scope: 'snsapi_login' },
  mp: { authorizationURL, scope: 'snsapi_userinfo' },
  wrong: { authorizationURL, scope: 'snsapi_userinfo' },
  miniprogram: { authorizationURL: 'https://api.weixin.qq.com/sns/jscode2session', scope: 'weapp_login' },
}

const passport = new Passport()
const app = express()
app.use(passport.initialize())

for (const [name, { appId, appSecret }] of Object.entries(accounts)) {
  passport.use(
    name,
    new WeixinStrategy(
      {
        clientID: appId,
        clientSecret: appSecret,
        callbackURL: `/${name}/callback`,
        requireState: false,
        ...settings[name],
      },
      (_accessToken, _refreshToken, profile, done) => done(null, profile),
    ),
  )

  app.get(`/${name}/login`, (req, res, next) =>
    passport.authenticate(name, { state: req.query.mark })(req, res, next),
  )
  app.get(`/${name}/callback`, passport.authenticate(name, { session: false }), (req, res) =>
    res.json(req.user._json),
  )
}

app.use(complain)
listen(app)
