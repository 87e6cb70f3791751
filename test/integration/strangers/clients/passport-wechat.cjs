const express = require('express')
const { Passport } = require('passport')
const WechatStrategy = require('passport-wechat')
const { accounts, complain, listen } = require('./application.cjs')

const passport = new Passport()
const app = express()
app.use(passport.initialize())

for (const [name, { appId, appSecret }] of Object.entries(accounts)) {
  passport.use(
    new WechatStrategy(
      {
        appID: appId,
        name,
        appSecret,
        client: name === 'website' ? 'web' : 'wechat',
        scope: name === 'website' ? 'snsapi_login' : 'snsapi_userinfo',
      },
      (_accessToken, _refreshToken, profile, _expiresIn, done) => done(null, profile),
    ),
  )

  app.get(`/${name}/login`, (req, res, next) => {
    passport.authenticate(name, {
      callbackURL: `http://${req.headers.host}/${name}/callback`,
      state: req.query.mark,
    })(req, res, next)
  })
  app.get(`/${name}/callback`, passport.authenticate(name, { session: false }), (req, res) =>
    res.json(req.user),
  )
}

app.use(complain)
listen(app)
