import express from 'express'
import session from 'express-session'
import passport from 'passport'
import { WechatStrategy } from '@wechat-auth/passport-wechat'

const { WECHAT_APP_ID, WECHAT_APP_SECRET, WECHAT_PAGES, WECHAT_API, WECHAT_ALLOW_HTTP } = process.env

passport.use(
  new WechatStrategy(
    {
      appId: WECHAT_APP_ID,
      appSecret: WECHAT_APP_SECRET,
      callbackURL: '/auth/wechat/callback',
      endpoints: { open: WECHAT_PAGES, mp: WECHAT_PAGES, api: WECHAT_API },
      allowInsecureEndpoints: WECHAT_ALLOW_HTTP === 'yes',
    },
    async (accessToken, refreshToken, profile) => {
      return { openid: profile.openid, name: profile.displayName }
    },
  ),
)
passport.serializeUser((user, done) => done(null, user))
passport.deserializeUser((user, done) => done(null, user))

const app = express()
const secret = process.env.SESSION_SECRET ?? 'for development only'
app.use(
  session({
    secret,
    resave: false,
    saveUninitialized: false,
    cookie: { sameSite: 'lax', secure: 'auto' },
  }),
)
app.use(passport.session())

app.get('/', (req, res) => {
  if (req.user) res.json(req.user)
  else res.send('<a href="/auth/wechat">Log in with WeChat</a>')
})
app.get('/auth/wechat', passport.authenticate('wechat'))
app.get(
  '/auth/wechat/callback',
  passport.authenticate('wechat', { failureRedirect: '/', successRedirect: '/' }),
)

const port = process.env.PORT ?? 3000
app.listen(port).on('listening', () => console.log(`Open http://localhost:${port}`))
