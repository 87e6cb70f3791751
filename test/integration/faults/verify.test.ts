import { setTimeout as sleep } from 'node:timers/promises'
import { WechatStrategy, type WechatVerify, type WechatVerifyCallback } from '@wechat-auth/passport-wechat'
import { startSandbox, type Sandbox } from '@wechat-auth/wechat-sandbox'
import { expect } from 'chai'
import { apps, observe, RecordingLogger, sessionKey } from './harness.js'
import { exposed } from './leaks.js'
import { begin, callbackURL } from './logins.js'
import { factsOf } from './wechat-faults.js'

let sandbox: Sandbox

const user = { name: 'the user of the application' }
const trouble = new Error('the database of the application is down')
const late = 5

interface VerifyFault {
  /** Goes on after “if verify …”. */
  title: string
  /** Declares no `done`, so that only what it returns can count. */
  verify?: () => unknown
  verifyWithDone?: (done: WechatVerifyCallback) => unknown
  outcome: 'success' | 'no' | 'trouble' | 'some error'
}

const ownInfo = { message: 'this account is closed', code: 'CLOSED' }

const faults: VerifyFault[] = [
  {
    title: 'throws',
    verifyWithDone: () => {
      throw trouble
    },
    outcome: 'trouble',
  },
  {
    title: 'throws and declares no done',
    verify: () => {
      throw trouble
    },
    outcome: 'trouble',
  },
  {
    title: 'throws nothing',
    verifyWithDone: () => {
      throw undefined
    },
    outcome: 'some error',
  },
  {
    title: 'throws a word that Express mistakes for a command',
    verifyWithDone: () => {
      throw 'route'
    },
    outcome: 'some error',
  },
  { title: 'rejects', verifyWithDone: async () => Promise.reject(trouble), outcome: 'trouble' },
  { title: 'rejects and declares no done', verify: async () => Promise.reject(trouble), outcome: 'trouble' },
  { title: 'rejects with nothing', verify: async () => Promise.reject(undefined), outcome: 'some error' },
  {
    title: 'rejects later',
    verify: async () =>
      sleep(late).then(() => {
        throw trouble
      }),
    outcome: 'trouble',
  },
  {
    title: 'returns a thenable that throws',
    verify: () => ({
      then() {
        throw trouble
      },
    }),
    outcome: 'trouble',
  },
  { title: 'calls done with an error', verifyWithDone: (done) => done(trouble), outcome: 'trouble' },
  {
    title: 'calls done with an error and throws it as well',
    verifyWithDone: (done) => {
      done(trouble)
      throw trouble
    },
    outcome: 'trouble',
  },
  {
    title: 'calls done with an error and rejects with another',
    verifyWithDone: async (done) => {
      done(trouble)
      throw new Error('too late')
    },
    outcome: 'trouble',
  },
  {
    title: 'calls done with an error twice',
    verifyWithDone: (done) => {
      done(trouble)
      done(new Error('too late'))
    },
    outcome: 'trouble',
  },
  {
    title: 'calls done with the user and then throws',
    verifyWithDone: (done) => {
      done(null, user)
      throw trouble
    },
    outcome: 'success',
  },
  {
    title: 'calls done with the user and rejects later',
    verifyWithDone: async (done) => {
      done(null, user)
      await sleep(late)
      throw trouble
    },
    outcome: 'success',
  },
  {
    title: 'calls done with the user and later with an error',
    verifyWithDone: (done) => {
      done(null, user)
      setTimeout(() => done(trouble), late)
    },
    outcome: 'success',
  },
  {
    title: 'calls done with the user and resolves to false',
    verifyWithDone: async (done) => {
      done(null, user)
      return Promise.resolve(false)
    },
    outcome: 'success',
  },
  {
    title: 'resolves to nothing and calls done later',
    verifyWithDone: async (done) => {
      setTimeout(() => done(null, user), late)
      return Promise.resolve()
    },
    outcome: 'success',
  },
  { title: 'resolves to nothing and declares no done', verify: async () => Promise.resolve(), outcome: 'no' },
  { title: 'resolves to null', verify: async () => Promise.resolve(null), outcome: 'no' },
  { title: 'resolves to false', verifyWithDone: async () => Promise.resolve(false), outcome: 'no' },
  { title: 'calls done without a user', verifyWithDone: (done) => done(null), outcome: 'no' },
  {
    title: 'calls done with false and its own reason',
    verifyWithDone: (done) => done(null, false, ownInfo),
    outcome: 'no',
  },
]

// The number of parameters is what is looked at.
function asVerify({ verify, verifyWithDone }: VerifyFault): WechatVerify {
  if (verifyWithDone) return (_accessToken, _refreshToken, _profile, done) => verifyWithDone(done)
  return () => verify?.()
}

const words: Record<VerifyFault['outcome'], string> = {
  success: 'succeeds once',
  no: 'fails once with 401',
  trouble: 'ends in that error, once and unchanged,',
  'some error': 'ends in an error, once,',
}

async function check(mode: keyof typeof apps, fault: VerifyFault): Promise<void> {
  const { secrets, appId, appSecret, openid } = factsOf(sandbox, mode)
  const logger = new RecordingLogger()
  const strategy: WechatStrategy = new WechatStrategy(
    { appId, appSecret, mode, callbackURL, endpoints: sandbox.endpoints, logger },
    asVerify(fault),
  )
  const comeBack = await begin(sandbox, strategy, mode)

  const { result, strays } = await observe(comeBack, 2 * late)

  if (result.status === 'rejected') throw result.reason
  const taken = result.value
  switch (fault.outcome) {
    case 'success':
      expect(taken).to.deep.include({ action: 'success', user })
      expect(taken).to.have.property('info').that.includes({ appId, mode, openid })
      break
    case 'no':
      expect(taken).to.include({ action: 'fail', status: 401 })
      expect(taken).to.have.nested.property('info.code').that.is.oneOf(['ERR_WECHAT_VERIFY', 'CLOSED'])
      break
    case 'trouble':
      expect(taken).to.deep.equal({ action: 'error', error: trouble })
      break
    case 'some error':
      expect(taken.action).to.equal('error')
      expect(taken).to.have.property('error').that.is.instanceOf(Error)
  }
  expect(strays, 'errors that nobody handled').to.be.empty

  secrets.addAllSent(sandbox.requests)
  secrets.add('session_key', sessionKey)
  for (const part of [...Object.values(taken), logger.lines, strategy, strategy.oauth()]) {
    expect(secrets.leaksIn(exposed(part))).to.be.empty
  }
}

describe('A verify function that misbehaves', () => {
  before(async () => {
    sandbox = await startSandbox({ apps: Object.values(apps) })
  })
  after(() => sandbox.close())

  for (const mode of ['mp', 'website', 'miniprogram'] as const) {
    describe(`in a login in mode ${mode}, which`, () => {
      for (const fault of faults) {
        it(`${words[fault.outcome]} if verify ${fault.title}`, () => check(mode, fault))
      }
    })
  }
})
