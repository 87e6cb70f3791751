import { expect } from 'chai'
import type { Cookie, Page } from 'playwright-core'
import { answer, askForConsent, at, expectProfile, logIn, textOf } from './steps.js'
import { useStage, wechat } from './stage.js'

const callback = '/auth/wechat/callback'

/** The address of the callback, which the page does not keep. */
function callbackOf(page: Page): Promise<string> {
  return page
    .waitForRequest((request) => new URL(request.url()).pathname === callback)
    .then((request) => request.url())
}

describe('Being logged in', () => {
  const play = useStage()

  it(
    'lasts: a reload of the profile and the start page know the user',
    play(async (scene) => {
      const page = await scene.visit()
      await logIn(page)
      await page.reload()
      await expectProfile(page, scene, 'mp', 'alice')
      await page.goto(scene.url)
      expect(await textOf(page, 'logged-in')).to.contain('爱丽丝')
    }),
  )

  it(
    'rests on one cookie that scripts and other sites cannot use, with a new value at each login',
    play(async (scene) => {
      const page = await scene.visit()
      const cookies = (): Promise<Cookie[]> => page.context().cookies(scene.url)
      expect(await cookies()).to.deep.equal([])
      await askForConsent(page)
      const [before] = (await cookies()).filter(({ name }) => name === 'wechat-demo')
      await answer(page, 'decision-allow')
      await at(page, '/profile')

      const own = (await cookies()).filter(({ name }) => name !== 'wechat_sandbox_user')
      expect(own).to.have.length(1)
      expect(own[0]).to.include({
        name: 'wechat-demo',
        domain: '127.0.0.1',
        path: '/',
        httpOnly: true,
        sameSite: 'Lax',
        secure: false,
        expires: -1,
      })
      expect(own[0]?.value).not.to.equal(before?.value)
      expect(await page.evaluate(() => document.cookie)).not.to.contain('wechat-demo')
    }),
  )

  it(
    'survives a reload of the callback',
    play(async (scene) => {
      const page = await scene.visit('/', wechat)
      const [address] = await Promise.all([callbackOf(page), logIn(page)])
      await page.goto(address)
      await at(page, '/profile')
      await expectProfile(page, scene, 'mp', 'alice')
      expect(scene.sandbox.count('/sns/oauth2/access_token')).to.equal(1)
    }),
  )

  it(
    'is of no use to another browser that opens the same callback',
    play(async (scene) => {
      const page = await scene.visit('/', wechat)
      const [address] = await Promise.all([callbackOf(page), logIn(page)])
      const stranger = await (await scene.device()).newPage()
      await stranger.goto(address)
      await at(stranger, '/login/failed')
      expect(await textOf(stranger, 'failure-code')).to.equal('ERR_WECHAT_STATE')
      await stranger.goto(`${scene.url}/profile`)
      await at(stranger, '/')
    }),
  )

  it(
    'works from two tabs that log in at the same time',
    play(async (scene) => {
      const first = await scene.visit()
      const second = await first.context().newPage()
      await second.goto(scene.url)
      await askForConsent(first)
      await askForConsent(second)
      // Both must return before either is logged in: a login replaces the session, and with it the other tab's state.
      scene.sandbox.fail('/sns/oauth2/access_token', { delay: 1000 }, { times: 2 })
      await Promise.all(
        [first, second].map(async (page) => {
          await answer(page, 'decision-allow')
          await at(page, '/profile')
        }),
      )
      for (const page of [first, second]) {
        await page.reload()
        await expectProfile(page, scene, 'mp', 'alice')
      }
    }),
  )

  it(
    'works from two tabs that start together and log in one after the other',
    play(async (scene) => {
      const first = await scene.visit()
      const second = await first.context().newPage()
      await second.goto(scene.url)
      await askForConsent(first)
      await askForConsent(second)
      for (const page of [first, second]) {
        await answer(page, 'decision-allow')
        await at(page, '/profile')
        await expectProfile(page, scene, 'mp', 'alice')
      }
    }),
  )

  it(
    'keeps one user when the same person logs in another way, and shows both accounts',
    play(async (scene) => {
      const page = await scene.visit()
      await logIn(page)
      await page.getByTestId('log-in-again').click()
      await page.getByTestId('login-website').click()
      const [hand] = await Promise.all([
        page.waitForEvent('popup'),
        page.getByTestId('qr-open-phone').click(),
      ])
      await hand.getByTestId('decision-confirm').click()
      await at(page, '/profile')
      await expectProfile(page, scene, 'website', 'alice')
      expect(await textOf(page, 'account-mp')).to.contain(scene.appId('mp'))
      expect(await textOf(page, 'account-website')).to.contain(scene.appId('website'))
    }),
  )

  it(
    'ends with a click on “Log out”, also for the button “Back”',
    play(async (scene) => {
      const page = await scene.visit()
      await logIn(page)
      await page.getByTestId('logout').click()
      await page.getByTestId('login-mp').waitFor()
      expect(await page.getByTestId('logged-in').count()).to.equal(0)
      await page.goBack()
      await page.getByTestId('login-mp').waitFor()
      expect(await page.getByTestId('profile-name').count()).to.equal(0)
      await page.goto(`${scene.url}/profile`)
      await at(page, '/')
    }),
  )
})

describe('The language of the application', () => {
  const play = useStage()

  it(
    'follows the browser',
    play(async (scene) => {
      const page = await scene.visit('/', { locale: 'zh-CN' })
      expect(await page.locator('html').getAttribute('lang')).to.equal('zh-CN')
      expect(await textOf(page, 'login-mp')).to.match(/\p{sc=Han}/u)
    }),
  )

  it(
    'is switched with a click, and remembered on every page',
    play(async (scene) => {
      const page = await scene.visit()
      expect(await page.locator('html').getAttribute('lang')).to.equal('en')
      await page.getByTestId('lang-switch').click()
      await page.locator('html[lang="zh-CN"]').waitFor()
      await page.goto(scene.url)
      await logIn(page)
      expect(await page.locator('html').getAttribute('lang')).to.equal('zh-CN')
      await page.getByTestId('lang-switch').click()
      await page.locator('html[lang="en"]').waitFor()
      await expectProfile(page, scene, 'mp', 'alice')
    }),
  )

  it(
    'is the language of WeChat’s QR page too',
    play(async (scene) => {
      const page = await scene.visit('/?lang=zh')
      await page.getByTestId('login-website').click()
      await page.getByTestId('qr-status').waitFor()
      expect(await page.locator('html').getAttribute('lang')).to.equal('zh-CN')
    }),
  )
})
