import type { WechatStrategy } from '@wechat-auth/passport-wechat'
import { expect } from 'chai'
import { action, authenticate, requestOf } from '../../helpers/authenticate.js'
import { FakeWechat } from '../../helpers/fake-wechat.js'
import { mpStrategy } from '../../helpers/strategies.js'
import { code } from '../../helpers/wechat-replies.js'

describe('the table of recent callbacks', () => {
  const headers = { cookie: 'sid=1' }

  /** Logs in this browser, and returns its callback again, whose state is then no longer in the session. */
  async function logIn(strategy: WechatStrategy) {
    const session = {}
    const { state } = await strategy.getAuthorization(requestOf({ session }))
    const again = () => authenticate(strategy, requestOf({ session, headers, query: { code, state } }))
    await action('success', again())
    return again
  }

  async function refuse(strategy: WechatStrategy): Promise<void> {
    const session = {}
    const { state } = await strategy.getAuthorization(requestOf({ session }))
    await action('fail', authenticate(strategy, requestOf({ session, query: { state } })))
  }

  it('holds at most 1,000: the oldest is removed first', async () => {
    const strategy = mpStrategy(new FakeWechat())
    const again = await logIn(strategy)
    for (let i = 0; i < 999; i++) await refuse(strategy)
    await action('success', again())
    await refuse(strategy)
    expect((await action('fail', again())).info).to.include({ code: 'ERR_WECHAT_STATE', reason: 'unknown' })
  })

  it('is not shared by strategies', async () => {
    const wechat = new FakeWechat()
    const session = {}
    const [one, other] = [mpStrategy(wechat), mpStrategy(wechat)]
    const { state } = await one.getAuthorization(requestOf({ session }))
    const callback = (strategy: WechatStrategy) =>
      authenticate(strategy, requestOf({ session, headers, query: { code, state } }))
    await action('success', callback(one))
    expect((await action('fail', callback(other))).info).to.include({ reason: 'unknown' })
  })
})
