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

describe('Koa example', () => {
  let koa: Framework
  before(async function () {
    koa = await framework(this, 'koa')
  })

  it('has no type errors', async function () {
    this.timeout(0)
    expect(await koa.checkTypes()).to.equal('')
  })
  startsWithOneCommand('koa')

  describe('with koa-session', () => {
    const example = withExample(() => koa)
    logsInWithASession(example)
    refusesLogins(example)
    servesAMiniProgram(example)
    givesTheAddress(example)
  })
})
