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

describe('Hono example', () => {
  let hono: Framework
  before(async function () {
    hono = await framework(this, 'hono')
  })

  it('has no type errors', async function () {
    this.timeout(0)
    expect(await hono.checkTypes()).to.equal('')
  })
  startsWithOneCommand('hono')

  describe('with WechatLogin', () => {
    const example = withExample(() => hono)
    logsInWithASession(example)
    refusesLogins(example)
    servesAMiniProgram(example)
    givesTheAddress(example)
  })
})
