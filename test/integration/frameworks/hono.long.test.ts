import { installed, logsInEverywhere, withExample } from './logins.js'

describe('Hono example', () => {
  const hono = installed('hono')

  describe('with WechatLogin', () => {
    logsInEverywhere(withExample(hono))
  })
})
