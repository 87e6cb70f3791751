import { WechatStrategy, type WechatVerifyInput } from '@wechat-auth/passport-wechat'
import { WechatError } from '@wechat-auth/wechat-oauth'
import { startSandbox, type Sandbox } from '@wechat-auth/wechat-sandbox'
import { expect } from 'chai'
import passport from 'passport'
import {
  apps,
  bound,
  longTimeout,
  observe,
  RecordingLogger,
  RecordingStore,
  shortTimeout,
} from './harness.js'
import { exposed } from './leaks.js'
import { begin, callbackURL, expectedOf, loginCalls, titleOf, wordsFor, type LoginCall } from './logins.js'
import { factsOf, faultsAt, faultyFetch, pathOf, type WechatFault } from './wechat-faults.js'
import { variants } from '../../helpers/long.js'

let sandbox: Sandbox

/** How often WeChat is asked: a one-time code once, for the user twice where the trouble may have passed. */
function attemptsOf({ step }: LoginCall, { outcome, fault }: WechatFault): number {
  if (!fault) return 0
  const mayHavePassed =
    outcome !== 'good' && (outcome.code === 'ERR_WECHAT_NETWORK' || outcome.errcode === -1)
  return mayHavePassed && step === 'userinfo' ? 2 : 1
}

async function check(call: LoginCall, cell: WechatFault): Promise<void> {
  const { mode, step } = call
  const facts = factsOf(sandbox, mode)
  const { secrets, appId, appSecret, openid } = facts
  const path = pathOf[step]
  const timeout = cell.waits ? shortTimeout : longTimeout
  const store = new RecordingStore()
  const logger = new RecordingLogger()
  const fetch = faultyFetch(cell, path, () => true)
  const user = { name: 'the user of the application' }
  const verified: object[] = []
  const strategy = new WechatStrategy(
    {
      appId,
      appSecret,
      mode,
      callbackURL,
      endpoints: sandbox.endpoints,
      tokenStore: store,
      timeout,
      logger,
      ...(fetch && { fetch }),
    },
    ({ accessToken, refreshToken, params, profile }: WechatVerifyInput) => {
      verified.push({ accessToken, refreshToken, params, profile })
      return Promise.resolve(user)
    },
  )
  const auth = new passport.Passport()
  auth.use(strategy)
  const lookAt = () => [exposed(strategy), exposed(strategy.oauth()), exposed(auth)].join('\n')
  const before = lookAt()
  const comeBack = await begin(sandbox, strategy, mode)
  if (cell.fault) sandbox.fail(path, cell.fault(facts))

  const { result, ms, strays } = await observe(comeBack)

  if (result.status === 'rejected') throw result.reason
  const taken = result.value
  const expected = expectedOf(cell.outcome)
  expect(taken.action, exposed(taken)).to.equal(expected.action)
  if (taken.action === 'success') {
    expect(taken.user).to.equal(user)
    expect(taken.info).to.include({ appId, mode, openid })
    if (cell.nickname !== undefined)
      expect(verified).to.have.nested.property('[0].profile.displayName', cell.nickname)
  }
  if (taken.action === 'fail' && expected.action === 'fail') {
    expect(taken.status).to.equal(expected.status)
    expect(taken.info).to.include(expected.info)
    expect(taken.info).to.have.property('message').that.is.a('string')
  }
  if (taken.action === 'error' && expected.action === 'error') {
    expect(taken.error).to.be.instanceOf(WechatError)
    expect(taken.error).to.include({ ...expected.error, status: expected.status })
  }
  expect(verified, 'calls of verify').to.have.lengthOf(expected.action === 'success' ? 1 : 0)
  expect(sandbox.count(path), 'requests').to.equal(attemptsOf(call, cell))
  expect(sandbox.count('/moved'), 'redirects followed').to.equal(0)
  expect(strays, 'errors that nobody handled').to.be.empty
  expect(ms, 'milliseconds').to.be.below(bound(timeout, step === 'userinfo' ? 2 : 1))

  secrets.addAllSent(sandbox.requests)
  for (const record of store.saved) secrets.addAllOf(record)
  for (const part of Object.values(taken))
    expect(secrets.leaksIn(exposed(part)), 'seen in the outcome').to.be.empty
  expect(secrets.leaksIn(exposed(logger.lines)), 'seen by the logger').to.be.empty
  expect(secrets.leaksIn(before), 'seen in the strategy before the login').to.be.empty
  expect(secrets.leaksIn(lookAt()), 'seen in the strategy after the login').to.be.empty
  if (mode === 'miniprogram') {
    expect(secrets.leaksIn(exposed(verified)), 'seen by verify').to.be.empty
  }
}

describe('A login at a WeChat that misbehaves', () => {
  before(async () => {
    sandbox = await startSandbox({ apps: Object.values(apps) })
  })
  after(() => sandbox.close())

  for (const call of loginCalls) {
    describe(titleOf(call), () => {
      // One fault of each kind: what the client makes of the others, its own tests see.
      for (const fault of variants(faultsAt(call.step), ({ isVariant }) => !isVariant)) {
        it(`${wordsFor(expectedOf(fault.outcome))} if WeChat ${fault.title}`, () => check(call, fault))
      }
    })
  }
})
