import { expect } from 'chai'
import { framework, type Framework } from '../../services/framework.js'
import {
  givesTheAddress,
  logsInWithASession,
  refusesLogins,
  servesAMiniProgram,
  startsWithOneCommand,
  withExample,
} from './logins.js'

describe('Next.js example', function () {
  // Next.js compiles each route when it is first requested.
  this.timeout(0)
  let next: Framework
  before(async function () {
    next = await framework(this, 'next')
  })

  it('has no type errors', async () => {
    expect(await next.checkTypes()).to.equal('')
  })
  startsWithOneCommand('next')

  describe('with the App Router', () => {
    const example = withExample(() => next)
    logsInWithASession(example)
    refusesLogins(example)
    servesAMiniProgram(example)
    givesTheAddress(example)

    it('logs in through pages/api', async () => {
      const visitor = example().visitor()
      const { status, json, text } = await visitor.logIn('/api/auth/wechat')
      expect(status, text).to.equal(200)
      expect(json).to.have.nested.property('user.name', '爱丽丝')
    })
  })
})
