import { expect } from 'chai'
import type { Browser, Page } from 'playwright-core'
import { startDemo, type Demo } from '../../examples/miniprogram/src/start.js'
import { launchBrowser } from '../services/chromium.js'
import { picture } from './pictures.js'
import { desktop, storyTimeout } from './stage.js'
import { textOf } from './steps.js'

describe('Logging in to a mini-program’s own server from the console', function () {
  this.timeout(storyTimeout)
  let browser: Browser | undefined
  let demo: Demo | undefined
  let page: Page

  before(async function () {
    browser = await launchBrowser(this)
    demo = await startDemo()
    page = await (await browser.newContext(desktop)).newPage()
    await page.goto(demo.consoleUrl ?? '')
  })

  after(async () => {
    await browser?.close()
    await demo?.close()
  })

  afterEach(async function () {
    if (this.currentTest?.state === 'failed') await picture(page, `failed ${this.currentTest.fullTitle()}`)
  })

  async function logIn(encrypted: boolean): Promise<{ status: string; answer: Record<string, unknown> }> {
    await page.getByTestId('mp-user').selectOption('panda')
    await page.getByTestId('mp-encrypted').setChecked(encrypted)
    await page.getByTestId('mp-login').click()
    await page.locator('[data-testid="mp-login"]:enabled').waitFor()
    await page.getByTestId('mp-send').click()
    await page.locator('[data-testid="mp-send"]:enabled').waitFor()
    return {
      status: await textOf(page, 'mp-status'),
      answer: JSON.parse(await textOf(page, 'mp-response')) as Record<string, unknown>,
    }
  }

  it('gives a token to a new user, with the data that WeChat has encrypted, and to the same user another one without', async () => {
    expect(await page.getByTestId('mp-server-url').inputValue()).to.equal(`${demo?.url ?? ''}/login`)
    const first = await logIn(true)
    expect([first.status, first.answer.isNewUser]).to.deep.equal(['200', true])
    expect(first.answer).to.have.nested.property(
      'user.profile.nickName',
      demo?.sandbox?.users.find(({ id }) => id === 'panda')?.nickname,
    )

    const again = await logIn(false)
    expect([again.status, again.answer.isNewUser]).to.deep.equal(['200', false])
    expect(again.answer.token).not.to.equal(first.answer.token)

    for (const { token } of [first.answer, again.answer]) {
      const me = await fetch(`${demo?.url ?? ''}/me`, {
        headers: { authorization: `Bearer ${String(token)}` },
      })
      expect([me.status, await me.json()]).to.deep.equal([200, { user: first.answer.user }])
    }
  })

  it('refuses a code for the second time, and says no more than that', async () => {
    await logIn(false)
    await page.getByTestId('mp-send').click()
    await page.locator('[data-testid="mp-status"][data-kind="bad"]').waitFor()
    expect(await textOf(page, 'mp-status')).to.equal('401')
    expect(JSON.parse(await textOf(page, 'mp-response'))).to.deep.equal({
      code: 'ERR_WECHAT_API',
      message: 'Unauthorized',
    })
  })
})
