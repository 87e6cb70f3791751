// An application that reports how each request ended. The first argument names the strategy.
import { inspect } from 'node:util'
import express from 'express'
import session from 'express-session'
import passport from 'passport'
import { answer } from '../lib/answer.js'
import { strategies } from '../login/strategies.js'

const [strategy, initialize] = process.argv.slice(2)
const { appSecret } = JSON.parse(process.env.BENCH_APP)

passport.use('wechat', await strategies[strategy]())

const app = express()
app.use(session({ secret: 'a secret of this benchmark', resave: false, saveUninitialized: false }))
if (initialize === 'initialize') app.use(passport.initialize())
app.get('/auth', passport.authenticate('wechat', { session: false }))
app.get('/auth/callback', passport.authenticate('wechat', { session: false }), (req, res) =>
  res.json(req.user),
)
// Express recognizes an error handler by its four parameters.
app.use((error, req, res, next) => {
  if (res.headersSent) return next(error)
  const shown = `${inspect(error, { depth: 10, showHidden: true })} ${JSON.stringify(error)}`
  res.status(500).json({ message: String(error?.message), showsSecret: shown.includes(appSecret) })
})

const server = app.listen(0, '127.0.0.1', () => answer({ port: () => server.address().port }))
