import { expect } from 'chai'
import { WechatError, WechatOAuth } from '@wechat-auth/wechat-oauth'
import { startSandbox, type Sandbox } from '@wechat-auth/wechat-sandbox'
import { clientCalls, type ClientCall } from './client-calls.js'
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
import {
  factsOf,
  faultsAt,
  faultyFetch,
  pathOf,
  type Outcome,
  type Step,
  type WechatFault,
} from './wechat-faults.js'
import { variants } from '../../helpers/long.js'

let sandbox: Sandbox

const oneTimeSteps: readonly Step[] = ['exchange', 'session', 'reset', 'phone']
/** Whose calls are made with an app token that can be replaced. */
const appLevelSteps: readonly Step[] = ['ticket', 'qrcode', 'check', 'reset', 'phone']

/** How often WeChat is asked: a one-time code once, anything else twice where the trouble may have passed. */
function attemptsOf({ title, step }: ClientCall, { outcome, fault }: WechatFault): number {
  if (!fault) return 0
  if (outcome === 'good') return 1
  const replacesToken = title === 'getUser' || appLevelSteps.includes(step)
  if (replacesToken && [40001, 40014, 42001].includes(outcome.errcode ?? 0)) return 2
  return !oneTimeSteps.includes(step) && (outcome.code === 'ERR_WECHAT_NETWORK' || outcome.errcode === -1)
    ? 2
    : 1
}

/** WeChat's “no” is an answer to `verifyToken`, and “stale” is one to `checkSession`. */
function saysNo({ step }: ClientCall, outcome: Outcome): boolean {
  if (step === 'check') return outcome !== 'good' && outcome.errcode === 87009
  return (
    step === 'auth' &&
    outcome !== 'good' &&
    outcome.kind !== undefined &&
    !['busy', 'rate'].includes(outcome.kind)
  )
}

/** What the call rejects with. */
function rejectionOf({ step }: ClientCall, outcome: Exclude<Outcome, 'good'>): Exclude<Outcome, 'good'> {
  return step === 'reset' && outcome.errcode === 87009
    ? { ...outcome, code: 'ERR_WECHAT_SESSION_KEY' }
    : outcome
}

function expectation(call: ClientCall, { outcome, title }: WechatFault): string {
  const when = `when WeChat ${title}`
  if (outcome === 'good') return `succeeds ${when}`
  return saysNo(call, outcome)
    ? `resolves to false ${when}`
    : `rejects with ${rejectionOf(call, outcome).code} ${when}`
}

async function check(call: ClientCall, cell: WechatFault): Promise<void> {
  const facts = factsOf(sandbox, call.app)
  const { secrets, appId, appSecret } = facts
  const store = new RecordingStore()
  const logger = new RecordingLogger()
  const timeout = cell.waits ? shortTimeout : longTimeout
  const path = pathOf[call.step]
  let isBroken = false
  const broken = faultyFetch(cell, path, () => isBroken)
  const client = new WechatOAuth({
    appId,
    appSecret,
    endpoints: sandbox.endpoints,
    tokenStore: store,
    timeout,
    logger,
    now: () => sandbox.clock.now(),
    ...(broken && { fetch: broken }),
    ...call.options,
  })
  const run = await call.prepare({ client, store, sandbox })
  // A new app token may be needed, and saved, whatever becomes of the call.
  const saved = (): number =>
    store.saved.filter(({ openid }) => !(appLevelSteps.includes(call.step) && openid.startsWith('client:')))
      .length
  const savedBefore = saved()
  const requestsBefore = sandbox.requests.length
  if (cell.fault) sandbox.fail(path, cell.fault(facts))
  isBroken = true

  const { result, ms, strays } = await observe(run)

  const requests = sandbox.requests.slice(requestsBefore)
  if (cell.outcome === 'good') {
    if (result.status === 'rejected') throw result.reason
    expect(call.isGood(result.value, facts), 'the result is the user’s').to.be.true
    if (cell.nickname !== undefined) expect(result.value).to.include({ nickname: cell.nickname })
    expect((result.value as { admin?: unknown }).admin, 'a prototype from the answer').to.be.undefined
  } else if (saysNo(call, cell.outcome)) {
    expect(result).to.deep.equal({ status: 'fulfilled', value: false })
  } else {
    if (result.status === 'fulfilled') expect.fail(`it resolved to ${exposed(result.value)}`)
    expect(result.reason).to.be.instanceOf(WechatError)
    expect(result.reason).to.include(rejectionOf(call, cell.outcome))
    if (!['userinfo', 'auth'].includes(call.step)) expect(saved(), 'records saved').to.equal(savedBefore)
  }
  expect(
    requests.filter((request) => request.path === path),
    'requests',
  ).to.have.lengthOf(attemptsOf(call, cell))
  expect(
    requests.some((request) => request.path === '/moved'),
    'a redirect was followed',
  ).to.be.false
  expect(strays, 'errors that nobody handled').to.be.empty
  expect(ms, 'milliseconds').to.be.below(bound(timeout, requests.length))

  secrets.addAllSent(sandbox.requests)
  for (const record of store.saved) secrets.addAllOf(record)
  expect(secrets.leaksIn(exposed(logger.lines)), 'seen by the logger').to.be.empty
  expect(secrets.leaksIn(exposed(client)), 'seen in the client').to.be.empty
  if (result.status === 'rejected')
    expect(secrets.leaksIn(exposed(result.reason)), 'seen in the error').to.be.empty

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

  // Every fault at each endpoint; where several calls ask the same one, the others get one fault of each kind.
  const tried = new Set<Step>()
  for (const call of clientCalls) {
    const isFirst = !tried.has(call.step)
    tried.add(call.step)
    describe(call.title, () => {
      for (const fault of variants(faultsAt(call.step), ({ isVariant }) => isFirst || !isVariant)) {
        it(expectation(call, fault), () => check(call, fault))
      }
    })
  }
})
