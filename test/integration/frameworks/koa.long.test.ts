import { installed, logsInEverywhere, withExample } from './logins.js'

describe('Koa example', () => {
  const koa = installed('koa')

  describe('with koa-session', () => {
    logsInEverywhere(withExample(koa))
  })
})
