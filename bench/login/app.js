// An application with one strategy, which the first argument names.
import express from 'express'
import session from 'express-session'
import passport from 'passport'
import { answer, cpuTime } from '../lib/answer.js'
import { strategies } from './strategies.js'

passport.use('wechat', await strategies[process.argv[2]]())

const app = express()
app.use(session({ secret: 'a secret of this benchmark', resave: false, saveUninitialized: false }))
app.use(passport.initialize())
app.get('/auth', passport.authenticate('wechat', { session: false }))
app.get('/auth/callback', passport.authenticate('wechat', { session: false }), (req, res) =>
  res.json(req.user),
)

const server = app.listen(0, '127.0.0.1', () => answer({ port: () => server.address().port, cpuTime }))
