import { WechatStrategy, type WechatVerifyInput } from '@wechat-auth/passport-wechat'
import { StoreError, WechatOAuth, type WechatMode, type WechatToken } from '@wechat-auth/wechat-oauth'
import { startSandbox, type Sandbox } from '@wechat-auth/wechat-sandbox'
import { expect } from 'chai'
import passport from 'passport'
import { clientCalls, type Bench, type ClientCall } from './client-calls.js'
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
import { begin, callbackURL } from './logins.js'
import { lateness, storeFaults, type Method, type StoreFault } from './token-stores.js'
import { factsOf, type Facts } from './wechat-faults.js'
import { variants } from '../../helpers/long.js'

let sandbox: Sandbox

interface StoreUse {
  call: ClientCall
  methods: readonly Method[]
  /** Without a record the call has nothing to work with. */
  needsRecord: boolean
  /** It replaces a record that cannot be used. */
  isLogin?: boolean
  /** What it does with the store is nothing that its caller waits for. */
  isBookkeeping?: boolean
}

/** The client's calls that come to the store. */
const uses: StoreUse[] = [
  ...clientCalls
    .filter(({ step }) => ['exchange', 'refresh', 'session'].includes(step))
    .map((call): StoreUse => ({
      call,
      methods: ['getToken', 'saveToken'],
      needsRecord: false,
      isLogin: call.step !== 'refresh',
    })),
  ...clientCalls
    .filter(({ step }) => step === 'renewal')
    .map((call): StoreUse => ({ call, methods: ['getToken', 'saveToken'], needsRecord: true })),
  ...clientCalls
    .filter(({ title }) => title === 'getUser')
    .map((call): StoreUse => ({ call, methods: ['getToken'], needsRecord: true })),
  {
    call: {
      title: 'getUserByToken, adding the unionid',
      step: 'userinfo',
      app: 'mp',
      prepare: async ({ client, store }: Bench) => {
        const token: WechatToken = await client.getAccessToken(
          sandbox.issueCode({ appId: apps.mp.appId, user: 'alice' }),
        )
        delete token.unionid
        await store.saveToken(token.openid, token)
        return () => client.getUserByToken(token)
      },
      isGood: (user, { openid }) => (user as WechatToken).openid === openid,
    },
    methods: ['getToken', 'saveToken'],
    needsRecord: false,
    isBookkeeping: true,
  },
  {
    call: {
      title: 'decryptForUser',
      step: 'session',
      app: 'miniprogram',
      prepare: async ({ client }: Bench) => {
        const { appId } = apps.miniprogram
        const { openid } = await client.code2Session(sandbox.wxLogin({ appId, user: 'alice' }))
        const { encryptedData, iv } = sandbox.encrypt({ appId, user: 'alice' })
        return () => client.decryptForUser(openid, { encryptedData, iv })
      },
      isGood: (data, { openid }) => (data as { openId?: unknown }).openId === openid,
    },
    methods: ['getToken'],
    needsRecord: true,
  },
]

interface Scene {
  facts: Facts
  sound: RecordingStore
  logger: RecordingLogger
  timeout: number
  others: WechatToken
}

function sceneOf(app: keyof typeof apps, { waits }: StoreFault): Scene {
  const facts = factsOf(sandbox, app)
  return {
    facts,
    sound: new RecordingStore(),
    logger: new RecordingLogger(),
    timeout: waits ? shortTimeout : longTimeout,
    others: {
      openid: facts.otherOpenid,
      access_token: '99_SANDBOXACCESS-of-another-user',
      expires_in: 7200,
      create_at: Date.now(),
    },
  }
}

function expectNoLeak({ facts: { secrets }, sound, logger }: Scene, seen: Record<string, unknown>): void {
  secrets.addAllSent(sandbox.requests)
  for (const record of sound.saved) secrets.addAllOf(record)
  for (const [where, value] of Object.entries({ ...seen, logger: logger.lines })) {
    expect(secrets.leaksIn(exposed(value)), `seen in the ${where}`).to.be.empty
  }
}

function expectStoreError(error: unknown): void {
  expect(error).to.be.instanceOf(StoreError)
  expect(error).to.include({ name: 'StoreError', code: 'ERR_WECHAT_STORE', status: 500 })
  expect(error).to.not.have.property('cause')
}

async function checkCall(call: ClientCall, fault: StoreFault): Promise<void> {
  const scene = sceneOf(call.app, fault)
  const {
    facts,
    facts: { appId, appSecret },
    sound,
    logger,
    timeout,
    others,
  } = scene
  let isOn = false
  const client = new WechatOAuth({
    appId,
    appSecret,
    endpoints: sandbox.endpoints,
    timeout,
    logger,
    now: () => sandbox.clock.now(),
    ...fault.store(sound, () => isOn, others),
  })
  const run = await call.prepare({ client, store: sound, sandbox })
  const requestsBefore = sandbox.requests.length
  isOn = true

  const { result, ms, strays } = await observe(run, fault.waits ? lateness : 0)

  if (fault.outcome === 'good') {
    if (result.status === 'rejected') throw result.reason
    expect(call.isGood(result.value, facts), 'the result is the user’s').to.be.true
  } else {
    if (result.status === 'fulfilled') expect.fail(`it resolved to ${exposed(result.value)}`)
    expectStoreError(result.reason)
  }
  expect(strays, 'errors that nobody handled').to.be.empty
  expect(ms, 'milliseconds').to.be.below(bound(timeout, sandbox.requests.length - requestsBefore))
  expectNoLeak(scene, { client, error: result.status === 'rejected' ? result.reason : undefined })
}

async function checkLogin(mode: WechatMode, fault: StoreFault): Promise<void> {
  const scene = sceneOf(mode, fault)
  const {
    facts: { appId, appSecret },
    sound,
    logger,
    timeout,
    others,
  } = scene
  const strategy = new WechatStrategy(
    {
      appId,
      appSecret,
      mode,
      callbackURL,
      endpoints: sandbox.endpoints,
      timeout,
      logger,
      ...fault.store(sound, () => true, others),
    },
    ({ profile: { id } }: WechatVerifyInput) => Promise.resolve({ id }),
  )
  const auth = new passport.Passport()
  auth.use(strategy)
  const comeBack = await begin(sandbox, strategy, mode)

  const { result, ms, strays } = await observe(comeBack, fault.waits ? lateness : 0)

  if (result.status === 'rejected') throw result.reason
  const taken = result.value
  expect(taken.action, exposed(taken)).to.equal(fault.outcome === 'good' ? 'success' : 'error')
  if (taken.action === 'error') expectStoreError(taken.error)
  expect(strays, 'errors that nobody handled').to.be.empty
  expect(ms, 'milliseconds').to.be.below(bound(timeout, sandbox.requests.length))
  expectNoLeak(scene, { strategy, passport: auth, ...taken })
}

describe('A token store that misbehaves', () => {
  before(async () => {
    sandbox = await startSandbox({ apps: Object.values(apps) })
  })
  after(() => sandbox.close())

  const faults = storeFaults(shortTimeout)
  const words = ({ outcome }: StoreFault): string =>
    outcome === 'good' ? 'does no harm' : 'makes it end in ERR_WECHAT_STORE'
  const harmless = (isHarmless: (fault: StoreFault) => boolean | undefined): StoreFault[] =>
    faults.map((fault) => ({ ...fault, outcome: isHarmless(fault) ? 'good' : fault.outcome }))
  const toLogins = harmless(({ isOfRecord }) => isOfRecord)

  for (const { call, methods, needsRecord, isLogin, isBookkeeping } of uses) {
    describe(`in ${call.title}`, () => {
      const toThis = isLogin ? toLogins : harmless(() => isBookkeeping)
      for (const fault of toThis.filter(({ method }) => methods.includes(method))) {
        if (needsRecord && fault.method === 'getToken' && fault.outcome === 'good') continue
        it(`${words(fault)}: ${fault.title}`, () => checkCall(call, fault))
      }
    })
  }

  for (const mode of variants(['mp', 'website', 'miniprogram'] as const, (mode) => mode !== 'website')) {
    describe(`in a login in mode ${mode}`, () => {
      for (const fault of toLogins) {
        it(`${words(fault)}: ${fault.title}`, () => checkLogin(mode, fault))
      }
    })
  }
})
