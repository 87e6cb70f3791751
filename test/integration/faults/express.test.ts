import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WechatStrategy, type WechatVerifyInput } from '@wechat-auth/passport-wechat'
import type { WechatMode } from '@wechat-auth/wechat-oauth'
import { startSandbox, type Sandbox } from '@wechat-auth/wechat-sandbox'
import { expect } from 'chai'
import express, { type Express, type RequestHandler } from 'express'
import session from 'express-session'
import passport from 'passport'
import { Browser, type Page } from '../../helpers/browser.js'
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
  callbackURL,
  codeFor,
  expectedOf,
  loginCalls,
  titleOf,
  type Expected,
  type LoginCall,
} from './logins.js'
import { storeFaults, type StoreFault } from './token-stores.js'
import { factsOf, faultsAt, faultyFetch, pathOf, type Facts, type WechatFault } from './wechat-faults.js'
import { variants } from '../../helpers/long.js'

let sandbox: Sandbox
let server: Server
let app: Express

/** One or more of each class; all of them go through the strategy in strategy.test.ts. */
const representatives = [
  'sends an empty body',
  'sends null',
  'sends a number',
  'sends an empty array',
  'sends {}',
  'sends HTML with 502',
  'sends its JSON with 500',
  'redirects to another page',
  'sends 2 MiB of JSON',
  'claims gzip but sends plain text',
  'closes the connection in the middle of its reply',
  'resets the connection',
  'does not answer',
  'sends a byte a second',
  'refuses the connection',
  'is called with a fetch that shows the whole address in its error',
  'sends errcode 40029',
  'sends errcode "40163" as text',
  'sends errcode 40226',
  'sends errcode 43004',
  'sends errcode 40001',
  'sends errcode 42007',
  'sends errcode 87009',
  'sends errcode 48001',
  'sends errcode 45011',
  'sends errcode -1',
  'sends errcode 40013',
  'sends errcode 99999',
  'sends an errmsg with the values sent',
  'sends an errmsg with the whole address',
  'sends an errmsg with the app secret, sent or not',
  'sends an errmsg with the tokens of the same answer',
  'sends nothing as openid',
  'sends a number as access_token',
  'sends an object as session_key',
  'sends an array as nickname',
  'sends the openid of another user',
  'sends no scope',
  'sends a nickname with raw control characters',
  'sends a nickname with broken UTF-8',
  'sends UTF-8 that is split across packets',
]

const storeRepresentatives = [
  "a store whose getToken rejects with a driver's error",
  'a store whose saveToken throws at once',
  'a store whose saveToken never answers',
]

/** The application of a README, with Express's own error handler, which shows a developer all that it has. */
function newApp(): Express {
  const app = express()
  app.set('env', 'development')
  app.use(session({ secret: 'a secret of the tests', resave: false, saveUninitialized: false }))
  return app
}

/** The login of a user, from the first request to the answer to the last. */
async function logIn(browser: Browser, mode: WechatMode): Promise<Page> {
  const code = codeFor(sandbox, mode)
  if (mode === 'miniprogram') return browser.post('/auth/wechat/miniprogram', { code })
  const { location } = await browser.open('/auth/wechat')
  const state = location?.searchParams.get('state') ?? ''
  return browser.open(`/auth/wechat/callback?${new URLSearchParams({ code, state }).toString()}`)
}

interface Login {
  facts: Facts
  mode: WechatMode
  timeout: number
  options: Partial<ConstructorParameters<typeof WechatStrategy>[0]>
  store: RecordingStore
}

async function check({ facts, mode, timeout, options, store }: Login, expected: Expected): Promise<void> {
  const { secrets, appId, appSecret } = facts
  const logger = new RecordingLogger()
  const strategy = new WechatStrategy(
    {
      appId,
      appSecret,
      mode,
      callbackURL,
      endpoints: sandbox.endpoints,
      timeout,
      logger,
      ...options,
    } as ConstructorParameters<typeof WechatStrategy>[0],
    ({ profile: { openid } }: WechatVerifyInput) => Promise.resolve({ openid }),
  )
  const auth = new passport.Passport()
  auth.use(strategy)
  auth.serializeUser((user, done) => done(null, user))
  app = newApp()
  const authenticate = (): RequestHandler => auth.authenticate('wechat') as RequestHandler
  app.get('/auth/wechat', authenticate())
  app.get('/auth/wechat/callback', authenticate(), (req, res) => {
    res.json(req.user)
  })
  app.post('/auth/wechat/miniprogram', express.json(), authenticate(), (req, res) => {
    res.json(req.user)
  })
  const printed: unknown[] = []
  const { error: print } = console
  console.error = (...line) => {
    printed.push(line)
  }
  try {
    const browser = new Browser(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)

    const { result, ms, strays } = await observe(() => logIn(browser, mode))

    if (result.status === 'rejected') throw result.reason
    const { status, text, json, headers } = result.value
    expect(status, text).to.equal(expected.action === 'success' ? 200 : expected.status)
    if (expected.action === 'success') expect(json).to.deep.equal({ openid: facts.openid })
    if (expected.action === 'error') {
      expect(text).to.match(/<pre>(?:Wechat|Store)\w*Error: /)
      expect(printed, 'what Express printed').to.have.lengthOf(1)
    }
    expect(strays, 'errors that nobody handled').to.be.empty
    expect(ms, 'milliseconds').to.be.below(bound(timeout, sandbox.requests.length))
    secrets.addAllSent(sandbox.requests)
    for (const record of store.saved) secrets.addAllOf(record)
    const seen = { text, headers: [...headers], printed, logger: logger.lines, auth, strategy }
    for (const [where, value] of Object.entries(seen))
      expect(secrets.leaksIn(exposed(value)), `seen in the ${where}`).to.be.empty
  } finally {
    console.error = print
  }
}

async function checkWechat({ mode, step }: LoginCall, cell: WechatFault): Promise<void> {
  const facts = factsOf(sandbox, mode)
  const store = new RecordingStore()
  const fetch = faultyFetch(cell, pathOf[step], () => true)
  if (cell.fault) sandbox.fail(pathOf[step], cell.fault(facts))
  const timeout = cell.waits ? shortTimeout : longTimeout
  await check(
    { facts, mode, store, timeout, options: { tokenStore: store, ...(fetch && { fetch }) } },
    expectedOf(cell.outcome),
  )
}

async function checkStore(mode: WechatMode, fault: StoreFault): Promise<void> {
  const facts = factsOf(sandbox, mode)
  const store = new RecordingStore()
  const timeout = fault.waits ? shortTimeout : longTimeout
  const options = fault.store(store, () => true, { openid: facts.otherOpenid, create_at: 0 })
  await check(
    { facts, mode, store, timeout, options },
    { action: 'error', status: 500, error: { code: 'ERR_WECHAT_STORE' } },
  )
}

function words(expected: Expected): string {
  return expected.action === 'success' ? 'logs the user in' : `answers ${expected.status}`
}

describe('An Express application with a login at a WeChat that misbehaves', () => {
  before(async () => {
    sandbox = await startSandbox({ apps: Object.values(apps) })
    server = createServer((req, res) => {
      app(req, res)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  })
  after(async () => {
    server.close()
    server.closeAllConnections()
    await sandbox.close()
  })

  // Both pages of WeChat lead to the same callback.
  for (const call of variants(loginCalls, ({ mode }) => mode !== 'website')) {
    describe(titleOf(call), () => {
      for (const fault of faultsAt(call.step).filter(({ title }) => representatives.includes(title))) {
        it(`${words(expectedOf(fault.outcome))} if WeChat ${fault.title}`, () => checkWechat(call, fault))
      }
    })
  }

  for (const mode of variants(['mp', 'website', 'miniprogram'] as const, (mode) => mode !== 'website')) {
    for (const fault of storeFaults(shortTimeout).filter(({ title }) =>
      storeRepresentatives.includes(title),
    )) {
      it(`answers 500 in mode ${mode} with ${fault.title}`, () => checkStore(mode, fault))
    }
  }

  it('has a representative of every name in its list', () => {
    const titles = loginCalls.flatMap(({ step }) => faultsAt(step)).map(({ title }) => title)
    expect(titles).to.include.members(representatives)
  })
})
