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

describe('Nest example', () => {
  let nest: Framework
  before(async function () {
    nest = await framework(this, 'nest')
  })

  it('has no type errors', async function () {
    this.timeout(0)
    expect(await nest.checkTypes()).to.equal('')
  })
  startsWithOneCommand('nest')

  describe('with express-session', () => {
    const example = withExample(() => nest)
    logsInWithASession(example)
    refusesLogins(example)

    it('answers a forged state with the code and the reason as JSON', async () => {
      const visitor = example().visitor()
      const { json } = await visitor.comeBack(await visitor.goToWechat(), { state: 'forged' })
      expect(json).to.include({ statusCode: 403, code: 'ERR_WECHAT_STATE', reason: 'unknown' })
    })

    it('answers a browser with a page', async () => {
      const visitor = example().visitor()
      const { text } = await visitor.browser.open('/auth/wechat/callback?code=x&state=forged', {
        headers: { accept: 'text/html' },
      })
      expect(text).to.contain('<h1>You are not logged in</h1>').and.to.contain('ERR_WECHAT_STATE, unknown')
    })

    servesAMiniProgram(example)
    givesTheAddress(example)
  })
})
