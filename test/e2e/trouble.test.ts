import { WechatError } from '@wechat-auth/wechat-oauth'
import { expect } from 'chai'
import type { Page } from 'playwright-core'
import { answer, askForConsent, at, expectFailure, expectProfile, textOf } from './steps.js'
import { useStage, wechat, type Scene } from './stage.js'
import { variants } from '../helpers/long.js'

/** What WeChat's faults say here ends in this; no visitor needs to read it. */
const mark = 'for nobody to see'

async function expectNoSecret({ sandbox }: Scene, page: Page): Promise<void> {
  const content = await page.content()
  const { searchParams } = new URL(page.url())
  const secrets = [
    ...sandbox.apps.map(({ appSecret }) => appSecret),
    ...searchParams.values(),
    mark,
    '    at ',
    'node_modules',
  ]
  for (const secret of secrets) expect(content).not.to.contain(secret)
}

describe('When WeChat is down', () => {
  const play = useStage()

  const faults = {
    'answers with a broken gateway': { status: 502, body: `<html>bad gateway ${mark}</html>` },
    'is too busy': { errcode: -1, errmsg: `system error ${mark}` },
    'does not take the secret': {
      errcode: 40125,
      errmsg: `invalid appsecret sandboxsecretmp00000000000000001 ${mark}`,
    },
    'breaks the connection': 'reset',
  } as const

  // What the others come to, the tests over HTTP see.
  for (const [what, fault] of variants(Object.entries(faults), (_fault, index) => index === 0)) {
    it(
      `shows a page that says so and leaks nothing when it ${what}, and can be tried again`,
      play(async (scene) => {
        scene.sandbox.fail('/sns/oauth2/access_token', fault)
        const page = await scene.visit('/', wechat)
        await askForConsent(page)
        await answer(page, 'decision-allow')
        await at(page, '/auth/wechat/callback')
        expect(await textOf(page, 'failure-message')).to.match(/not your fault/)
        await expectNoSecret(scene, page)
        expect(scene.logged.splice(0))
          .to.have.length(1)
          .with.nested.property('[0]')
          .that.is.instanceOf(WechatError)

        scene.sandbox.fail('/sns/oauth2/access_token', null)
        await page.getByTestId('try-again').click()
        await askForConsent(page)
        await answer(page, 'decision-allow')
        await at(page, '/profile')
        await expectProfile(page, scene, 'mp', 'alice')
      }),
    )
  }

  it(
    'shows the same when it returns no profile',
    play(async (scene) => {
      scene.sandbox.fail('/sns/userinfo', { errcode: 50001, errmsg: `user unauthorized ${mark}` })
      const page = await scene.visit('/', wechat)
      await askForConsent(page)
      await answer(page, 'decision-allow')
      await page.getByTestId('failure-message').waitFor()
      await expectNoSecret(scene, page)
      expect(scene.logged.splice(0))
        .to.have.length(1)
        .with.nested.property('[0]')
        .that.is.instanceOf(WechatError)
    }),
  )
})

describe('When somebody cannot log in', () => {
  const play = useStage()

  it(
    'says that WeChat has restricted the account',
    play(async (scene) => {
      scene.sandbox.fail('/sns/oauth2/access_token', { errcode: 40226, errmsg: 'high risk user' })
      const page = await scene.visit('/', wechat)
      await askForConsent(page)
      await answer(page, 'decision-allow')
      await expectFailure(page, 'ERR_WECHAT_BLOCKED', /restricted this account/)
    }),
  )

  it(
    'says that the code was too old',
    play(async (scene) => {
      scene.sandbox.fail('/sns/oauth2/access_token', { errcode: 40029, errmsg: 'invalid code' })
      const page = await scene.visit('/', wechat)
      await askForConsent(page)
      await answer(page, 'decision-allow')
      await expectFailure(page, 'ERR_WECHAT_CODE', /start again/)
    }),
  )

  it(
    'says so when the login was started in another browser',
    play(async (scene) => {
      const page = await scene.visit('/', wechat)
      await askForConsent(page)
      await page.context().clearCookies()
      await answer(page, 'decision-allow')
      await expectFailure(page, 'ERR_WECHAT_STATE', /another browser/)
    }),
  )

  it(
    'has a page for unknown addresses',
    play(async (scene) => {
      const page = await scene.visit('/no/such/page')
      expect(await textOf(page, 'failure-message')).to.match(/typing errors/)
      await page.getByTestId('try-again').click()
      await page.getByTestId('login-mp').waitFor()
    }),
  )

  it(
    'learns from WeChat’s error page what is wrong with a link, and what to do',
    play(async (scene) => {
      const page = await scene.visit('/', wechat)
      await page.goto(
        `${scene.sandbox.url}/connect/oauth2/authorize?appid=wx1&redirect_uri=http%3A%2F%2F127.0.0.1&response_type=code&scope=snsapi_base`,
      )
      expect(await textOf(page, 'error-number')).to.equal('10016')
      expect(await textOf(page, 'error-hint')).to.contain('appid')
    }),
  )
})
