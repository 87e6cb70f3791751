import { expect } from 'chai'
import { WechatError, WechatOAuth } from '@wechat-auth/wechat-oauth'
import { startSandbox, type Sandbox } from '@wechat-auth/wechat-sandbox'
import { apps, bound, longTimeout, observe, RecordingLogger, RecordingStore, sessionKey, shortTimeout } from './harness.js'
import { exposed, Secrets } from './leaks.js'
import { faultsAt, faultyFetch, pathOf, type Facts, type Outcome, type Step, type WechatFault } from './wechat-faults.js'

let sandbox: Sandbox

interface Bench {
  client: WechatOAuth
  store: RecordingStore
}

interface ClientCall {
  title: string
  step: Step
  appId: string
  /** Does what comes before, and gives the call in which the fault then happens. */
  prepare: (bench: Bench) => Promise<() => Promise<unknown>> | (() => Promise<unknown>)
  /** Whether the result is what it should be. */
  isGood: (result: unknown, facts: Facts) => boolean
}

const codeOf = (app: 'mp' | 'website' = 'mp'): string => sandbox.issueCode({ appId: apps[app].appId, user: 'alice' })
const isOfTheUser = (result: unknown, { openid }: Facts): boolean => (result as { openid?: unknown }).openid === openid

const { mp: { appId: mp }, miniprogram: { appId: miniprogram } } = apps

const calls: ClientCall[] = [
  {
    title: 'getAccessToken',
    step: 'exchange',
    appId: mp,
    prepare: ({ client }) => {
      const code = codeOf()
      return () => client.getAccessToken(code)
    },
    isGood: isOfTheUser,
  },
  {
    title: 'getUserByCode, exchanging the code',
    step: 'exchange',
    appId: mp,
    prepare: ({ client }) => {
      const code = codeOf()
      return () => client.getUserByCode(code)
    },
    isGood: isOfTheUser,
  },
  {
    title: 'getUserByCode, reading the user',
    step: 'userinfo',
    appId: mp,
    prepare: ({ client }) => {
      const code = codeOf()
      return () => client.getUserByCode(code)
    },
    isGood: isOfTheUser,
  },
  {
    title: 'refreshAccessToken',
    step: 'refresh',
    appId: mp,
    prepare: async ({ client }) => {
      const { refresh_token: refreshToken = '' } = await client.getAccessToken(codeOf())
      return () => client.refreshAccessToken(refreshToken)
    },
    isGood: isOfTheUser,
  },
  {
    title: 'getUser',
    step: 'userinfo',
    appId: mp,
    prepare: async ({ client }) => {
      const { openid } = await client.getAccessToken(codeOf())
      return () => client.getUser(openid)
    },
    isGood: isOfTheUser,
  },
  {
    title: 'getUser, refreshing the expired token',
    step: 'renewal',
    appId: mp,
    prepare: async ({ client }) => {
      const { openid } = await client.getAccessToken(codeOf())
      sandbox.clock.advance(3 * 3600 * 1000)
      return () => client.getUser(openid)
    },
    isGood: isOfTheUser,
  },
  {
    title: 'getUserByToken',
    step: 'userinfo',
    appId: mp,
    prepare: async ({ client }) => {
      const token = await client.getAccessToken(codeOf())
      return () => client.getUserByToken(token)
    },
    isGood: isOfTheUser,
  },
  {
    title: 'verifyToken',
    step: 'auth',
    appId: mp,
    prepare: async ({ client }) => {
      const { openid, access_token: accessToken } = await client.getAccessToken(codeOf())
      return () => client.verifyToken(openid, accessToken)
    },
    isGood: (result) => result === true,
  },
  {
    title: 'code2Session',
    step: 'session',
    appId: miniprogram,
    prepare: ({ client }) => {
      const code = sandbox.wxLogin({ appId: miniprogram, user: 'alice' })
      return () => client.code2Session(code)
    },
    isGood: isOfTheUser,
  },
]

const oneTimeSteps: readonly Step[] = ['exchange', 'session']

/** How often WeChat is asked: a one-time code once, anything else twice where the trouble may have passed. */
function attemptsOf({ title, step }: ClientCall, { outcome, fault }: WechatFault): number {
  if (!fault) return 0
  if (outcome === 'good') return 1
  if (title === 'getUser' && [40001, 40014, 42001].includes(outcome.errcode ?? 0)) return 2
  return !oneTimeSteps.includes(step) && (outcome.code === 'ERR_WECHAT_NETWORK' || outcome.errcode === -1) ? 2 : 1
}

/** WeChat's “no” is an answer to `verifyToken`. */
function saysNo({ step }: ClientCall, outcome: Outcome): boolean {
  return step === 'auth' && outcome !== 'good' && outcome.kind !== undefined && !['busy', 'rate'].includes(outcome.kind)
}

function expectation(call: ClientCall, { outcome, title }: WechatFault): string {
  const when = `when WeChat ${title}`
  if (outcome === 'good') return `succeeds ${when}`
  return saysNo(call, outcome) ? `resolves to false ${when}` : `rejects with ${outcome.code} ${when}`
}

async function check(call: ClientCall, cell: WechatFault): Promise<void> {
  sandbox.reset()
  const secrets = new Secrets()
  for (const { appSecret } of Object.values(apps)) secrets.add('app secret', appSecret)
  secrets.add('session_key', sandbox.renewSessionKey({ appId: miniprogram, user: 'alice', sessionKey }))
  const { appId, appSecret } = Object.values(apps).find((app) => app.appId === call.appId)!
  const facts: Facts = {
    sandbox, secrets, appSecret,
    openid: sandbox.idsOf({ appId, user: 'alice' }).openid,
    otherOpenid: sandbox.idsOf({ appId, user: 'bob' }).openid,
  }
  const store = new RecordingStore()
  const logger = new RecordingLogger()
  const timeout = cell.waits ? shortTimeout : longTimeout
  const path = pathOf[call.step]
  let isBroken = false
  const broken = faultyFetch(cell, path, () => isBroken)
  const client = new WechatOAuth({
    appId, appSecret, endpoints: sandbox.endpoints, tokenStore: store, timeout, logger, now: () => sandbox.clock.now(),
    ...(broken && { fetch: broken }),
  })
  const run = await call.prepare({ client, store })
  const savedBefore = store.saved.length
  const requestsBefore = sandbox.requests.length
  if (cell.fault) sandbox.fail(path, cell.fault(facts))
  isBroken = true

  const { result, ms, strays } = await observe(run)

  const requests = sandbox.requests.slice(requestsBefore)
  if (cell.outcome === 'good') {
    if (result.status === 'rejected') throw result.reason
    expect(call.isGood(result.value, facts), 'the result is the user’s').to.be.true
    expect((result.value as { admin?: unknown }).admin, 'a prototype from the answer').to.be.undefined
  } else if (saysNo(call, cell.outcome)) {
    expect(result).to.deep.equal({ status: 'fulfilled', value: false })
  } else {
    if (result.status === 'fulfilled') expect.fail(`it resolved to ${exposed(result.value)}`)
    expect(result.reason).to.be.instanceOf(WechatError)
    expect(result.reason).to.include(cell.outcome)
    if (!['userinfo', 'auth'].includes(call.step)) expect(store.saved.length, 'records saved').to.equal(savedBefore)
  }
  expect(requests.filter((request) => request.path === path), 'requests').to.have.lengthOf(attemptsOf(call, cell))
  expect(requests.some((request) => request.path === '/moved'), 'a redirect was followed').to.be.false
  expect(strays, 'errors that nobody handled').to.be.empty
  expect(ms, 'milliseconds').to.be.below(bound(timeout, requests.length))

  secrets.addAllSent(sandbox.requests)
  for (const record of store.saved) secrets.addAllOf(record)
  expect(secrets.leaksIn(exposed(logger.lines)), 'seen by the logger').to.be.empty
  expect(secrets.leaksIn(exposed(client)), 'seen in the client').to.be.empty
  if (result.status === 'rejected') expect(secrets.leaksIn(exposed(result.reason)), 'seen in the error').to.be.empty

  if (call.title.startsWith('getUser,') || call.title === 'getUser') {
    sandbox.fail(path, null)
    isBroken = false
    expect((await client.getUser(facts.openid)).openid, 'the next try').to.equal(facts.openid)
  }
}

describe('A client of a WeChat that misbehaves', () => {
  before(async () => {
    sandbox = await startSandbox({ apps: Object.values(apps) })
  })
  after(() => sandbox.close())

  for (const call of calls) {
    describe(call.title, () => {
      for (const fault of faultsAt(call.step)) {
        it(expectation(call, fault), () => check(call, fault))
      }
    })
  }
})
