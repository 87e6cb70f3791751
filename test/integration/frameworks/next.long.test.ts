import { expect } from 'chai'
import { installed, logsInEverywhere, withExample } from './logins.js'

describe('Next.js example', function () {
  // Next.js compiles each route when it is first requested.
  this.timeout(0)
  const next = installed('next')

  describe('with the App Router', () => {
    const example = withExample(next)
    logsInEverywhere(example)

    it('logs in through pages/api', async () => {
      const visitor = example().visitor()
      const { status, json, text } = await visitor.logIn('/api/auth/wechat')
      expect(status, text).to.equal(200)
      expect(json).to.have.nested.property('user.name', '爱丽丝')
    })
  })
})
