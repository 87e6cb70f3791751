import { expect } from 'chai'
import type { Browser, Page } from '../../helpers/browser.js'
import { callback, failureOf, startSetting, type Setting, type StateStoreKind } from './setting.js'

/** Blocks verify until it is opened. */
class Gate {
  readonly entered: Promise<void>
  #enter!: () => void
  #open!: () => void
  readonly #opened = new Promise<void>((resolve) => {
    this.#open = resolve
  })

  constructor() {
    this.entered = new Promise((resolve) => {
      this.#enter = resolve
    })
  }

  open(): void {
    this.#open()
  }

  async pass(): Promise<void> {
    this.#enter()
    await this.#opened
  }
}

for (const states of ['session', 'cookie'] satisfies StateStoreKind[]) {
  describe(`the same callback twice, with states in the ${states}`, () => {
    let setting: Setting
    let browser: Browser
    let now: number
    let verified: number
    let verify: (id: string) => unknown

    beforeEach(async () => {
      now = Date.now()
      verified = 0
      verify = (id) => ({ id })
      setting = await startSetting({
        states,
        strategy: { now: () => now, timeout: 500 },
        verify: async ({ profile }) => {
          verified += 1
          return verify(profile.id)
        },
      })
      browser = setting.browser()
    })
    afterEach(() => setting.close())

    const exchanges = () => setting.sandbox.count('/sns/oauth2/access_token')

    /** Opens the callback twice with the same cookies, the second time while verify is still running for the first. */
    async function openTwice(path: string): Promise<[Page, Page]> {
      const gate = new Gate()
      const answer = verify
      verify = async (id) => {
        await gate.pass()
        return answer(id)
      }
      const cookie = browser.cookieHeader
      const first = browser.open(path, { headers: { cookie } })
      await gate.entered
      const second = browser.open(path, { headers: { cookie } })
      await new Promise((resolve) => setTimeout(resolve, 30))
      gate.open()
      return Promise.all([first, second])
    }

    it('exchanges the code and calls verify once, and gives both the same user and info objects', async () => {
      const [first, second] = await openTwice(await setting.consent(browser))
      expect([first.status, second.status]).to.deep.equal([200, 200])
      expect(second.json).to.deep.equal(first.json)
      expect([exchanges(), verified]).to.deep.equal([1, 1])
      const { logins } = setting.app.seen
      expect(logins).to.have.length(2)
      expect(logins[1]?.user).to.equal(logins[0]?.user)
      expect(logins[1]?.info).to.equal(logins[0]?.info)
    })

    it('allows both requests to arrive at the same time', async () => {
      const path = await setting.consent(browser)
      const pages = await Promise.all([browser.open(path), browser.open(path), browser.open(path)])
      expect(pages.map(({ status }) => status)).to.deep.equal([200, 200, 200])
      expect([exchanges(), verified]).to.deep.equal([1, 1])
    })

    it('gives both the same failure', async () => {
      verify = () => false
      const [first, second] = await openTwice(await setting.consent(browser))
      expect(failureOf(first)).to.include({ httpStatus: 401, code: 'ERR_WECHAT_VERIFY' })
      expect(failureOf(second)).to.deep.equal(failureOf(first))
      expect([exchanges(), verified]).to.deep.equal([1, 1])
    })

    it('gives both the same refusal', async () => {
      const { state } = await setting.begin(browser)
      const cookie = browser.cookieHeader
      const path = callback({ state, code: 'authdeny' })
      for (const page of [
        await browser.open(path, { headers: { cookie } }),
        await browser.open(path, { headers: { cookie } }),
      ]) {
        expect(failureOf(page)).to.include({ httpStatus: 401, code: 'ERR_WECHAT_DENIED' })
      }
    })

    it('gives both the same error when they wait for it', async () => {
      const failure = new Error('the database is down')
      verify = () => {
        throw failure
      }
      const [first, second] = await openTwice(await setting.consent(browser))
      expect([first.status, second.status]).to.deep.equal([500, 500])
      expect(setting.app.seen.errors).to.deep.equal([failure, failure])
      expect([exchanges(), verified]).to.deep.equal([1, 1])
    })

    it('answers a second request within 60 s after the first has finished', async () => {
      const path = await setting.consent(browser)
      const cookie = browser.cookieHeader
      const first = await browser.open(path, { headers: { cookie } })
      now += 59_999
      const second = await browser.open(path, { headers: { cookie } })
      expect(second.status).to.equal(200)
      expect(second.json).to.deep.equal(first.json)
      expect([exchanges(), verified]).to.deep.equal([1, 1])
      now += 1
      expect((await browser.open(path, { headers: { cookie } })).status).not.to.equal(200)
      expect(verified).to.equal(1)
    })

    it('is 403 replayed from another browser', async () => {
      const path = await setting.consent(browser)
      const cookie = browser.cookieHeader
      expect((await browser.open(path, { headers: { cookie } })).status).to.equal(200)
      const other = setting.browser()
      expect(failureOf(await other.open(path))).to.include({
        httpStatus: 403,
        code: 'ERR_WECHAT_STATE',
        reason: 'replayed',
      })
      await setting.begin(other)
      expect(failureOf(await other.open(path))).to.include({
        httpStatus: 403,
        code: 'ERR_WECHAT_STATE',
        reason: 'replayed',
      })
      expect(verified).to.equal(1)
    })

    it('is 403 replayed from another browser while the first is still running', async () => {
      const gate = new Gate()
      verify = async (id) => {
        await gate.pass()
        return { id }
      }
      const path = await setting.consent(browser)
      const first = browser.open(path)
      await gate.entered
      expect(failureOf(await setting.browser().open(path))).to.include({
        httpStatus: 403,
        reason: 'replayed',
      })
      gate.open()
      expect((await first).status).to.equal(200)
    })

    it('is 403 with another code, and the other code is not exchanged', async () => {
      const path = await setting.consent(browser)
      const cookie = browser.cookieHeader
      await browser.open(path, { headers: { cookie } })
      const state = new URL(path, setting.app.url).searchParams.get('state') ?? ''
      const code = setting.sandbox.issueCode({ appId: setting.appId('mp'), user: 'bob' })
      for (const headers of [{ cookie }, { cookie: browser.cookieHeader }]) {
        expect(failureOf(await browser.open(callback({ code, state }), { headers }))).to.include({
          httpStatus: 403,
          code: 'ERR_WECHAT_STATE',
          reason: 'code',
        })
      }
      expect(exchanges()).to.equal(1)
    })

    it('forgets an error, so that the browser can try the callback again', async () => {
      setting.sandbox.fail('/sns/oauth2/access_token', { status: 502 }, { times: 1 })
      const path = await setting.consent(browser)
      const cookie = browser.cookieHeader
      expect((await browser.open(path, { headers: { cookie } })).status).to.equal(502)
      const again = await browser.open(path, { headers: { cookie } })
      if (states === 'cookie') {
        expect(again.status).to.equal(200)
        expect(exchanges()).to.equal(2)
      } else {
        expect(failureOf(again)).to.include({ httpStatus: 403, reason: 'unknown' })
      }
    })

    it('does not exchange the code again after an error in a browser that got the answer', async () => {
      verify = () => {
        throw new Error('the database is down')
      }
      const path = await setting.consent(browser)
      expect((await browser.open(path)).status).to.equal(500)
      const reason = states === 'cookie' ? 'replayed' : 'unknown'
      expect(failureOf(await browser.open(path))).to.include({
        httpStatus: 403,
        code: 'ERR_WECHAT_STATE',
        reason,
      })
      expect([exchanges(), verified]).to.deep.equal([1, 1])
    })

    it('keeps logins in two tabs apart', async () => {
      const paths = [
        await setting.consent(browser, { user: 'alice' }),
        await setting.consent(browser, { user: 'bob' }),
      ]
      const cookie = browser.cookieHeader
      const pages = await Promise.all(paths.map((path) => browser.open(path, { headers: { cookie } })))
      expect(pages.map(({ status }) => status)).to.deep.equal([200, 200])
      expect(verified).to.equal(2)
      const ids = ['alice', 'bob'].map(
        (user) => setting.sandbox.idsOf({ appId: setting.appId('mp'), user }).openid,
      )
      expect(pages.map(({ json }) => (json as { user: { id: string } }).user.id)).to.deep.equal(ids)
    })

    it('is 401 ERR_WECHAT_CODE in another process', async () => {
      const other = await startSetting({
        states,
        strategy: { now: () => now, endpoints: setting.sandbox.endpoints },
      })
      try {
        const path = await setting.consent(browser)
        const cookie = browser.cookieHeader
        await browser.open(path, { headers: { cookie } })
        const page = await other.browser().open(path, { headers: { cookie } })
        // This process does not have the sessions of the other one, but it can read the cookies.
        if (states === 'cookie')
          expect(failureOf(page)).to.include({ httpStatus: 401, code: 'ERR_WECHAT_CODE', errcode: 40163 })
        else expect(failureOf(page)).to.include({ httpStatus: 403, reason: 'unknown' })
      } finally {
        await other.close()
      }
    })
  })
}

describe('a reload of the callback after the login', () => {
  let setting: Setting
  afterEach(() => setting.close())

  it('is 403 replayed with sessions, which have a new id after the login', async () => {
    setting = await startSetting()
    const browser = setting.browser()
    const path = await setting.consent(browser)
    expect((await browser.open(path)).status).to.equal(200)
    expect(failureOf(await browser.open(path))).to.include({
      httpStatus: 403,
      code: 'ERR_WECHAT_STATE',
      reason: 'replayed',
    })
    expect((await browser.open('/me')).json).to.have.nested.property('user.name', '爱丽丝')
  })

  it("is answered from the cookie's mark without sessions", async () => {
    setting = await startSetting({ states: 'cookie' })
    const browser = setting.browser()
    const path = await setting.consent(browser)
    const first = await browser.open(path)
    const again = await browser.open(path)
    expect(again.json).to.deep.equal(first.json)
    expect(setting.sandbox.count('/sns/oauth2/access_token')).to.equal(1)
  })

  it('is 403 replayed in another process, which gets only the mark', async () => {
    setting = await startSetting({ states: 'cookie' })
    const other = await startSetting({ states: 'cookie', strategy: { endpoints: setting.sandbox.endpoints } })
    try {
      const browser = setting.browser()
      const path = await setting.consent(browser)
      await browser.open(path)
      const page = await other.browser().open(path, { headers: { cookie: browser.cookieHeader } })
      expect(failureOf(page)).to.include({ httpStatus: 403, code: 'ERR_WECHAT_STATE', reason: 'replayed' })
    } finally {
      await other.close()
    }
  })
})
