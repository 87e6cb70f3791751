import { expect } from 'chai'
import { answer, askForConsent, at, expectFailure, expectProfile, logIn, textOf } from './steps.js'
import { useStage, wechat } from './stage.js'

const refusals = {
  'with the button “Refuse”': 'refuse',
  'and WeChat reports it without a code': 'decision-refuse-state-only',
  'and WeChat reports it as code=authdeny': 'decision-refuse-authdeny',
}

describe('Logging in with an official account', () => {
  const play = useStage()

  it(
    'asks for consent in the browser of WeChat, and shows the profile',
    play(async (scene) => {
      const page = await scene.visit('/', wechat)
      await askForConsent(page)
      expect(new URL(page.url()).pathname).to.equal('/connect/oauth2/authorize')
      expect(new URL(page.url()).hash).to.equal('#wechat_redirect')
      expect(await page.getByTestId('warnings').isVisible()).to.equal(false)
      expect(await textOf(page, 'app-name')).to.contain('Sandbox Official Account')
      expect(await textOf(page, 'scopes')).to.contain('snsapi_userinfo')
      await answer(page, 'decision-allow')
      await at(page, '/profile')
      await expectProfile(page, scene, 'mp', 'alice')
    }),
  )

  it(
    'can be requested explicitly on a desktop',
    play(async (scene) => {
      const page = await scene.visit()
      await logIn(page)
      await expectProfile(page, scene, 'mp', 'alice')
    }),
  )

  it(
    'logs in the user who is chosen on the consent page',
    play(async (scene) => {
      const page = await scene.visit('/', wechat)
      await logIn(page, 'panda')
      await expectProfile(page, scene, 'mp', 'panda')
    }),
  )

  it(
    'asks nothing if WeChat needs no consent',
    play(async (scene) => {
      scene.sandbox.updateUser('alice', { silent: true })
      const page = await scene.visit('/', wechat)
      await page.getByTestId('login-mp').click()
      await at(page, '/profile')
      await expectProfile(page, scene, 'mp', 'alice')
      expect(
        scene.sandbox.requests.filter(
          ({ path, method }) => path === '/connect/oauth2/authorize' && method === 'POST',
        ),
      ).to.deep.equal([])
    }),
  )

  for (const [how, decision] of Object.entries(refusals)) {
    it(
      `says so when the user refuses ${how}, and can be tried again`,
      play(async (scene) => {
        const page = await scene.visit('/', wechat)
        await askForConsent(page)
        await answer(page, decision)
        await expectFailure(page, 'ERR_WECHAT_DENIED', /You refused when WeChat asked/)
        expect(scene.sandbox.count('/sns/oauth2/access_token')).to.equal(0)
        await logIn(page)
        await expectProfile(page, scene, 'mp', 'alice')
      }),
    )
  }

  it(
    'lets the user go back when WeChat closes the page after a refusal',
    play(async (scene) => {
      const page = await scene.visit('/', wechat)
      await askForConsent(page)
      await answer(page, 'decision-refuse-close')
      await page.locator('[data-testid="after-consent"][data-kind="closed"]').waitFor()
      expect(scene.answers.filter(({ path }) => path === '/auth/wechat/callback')).to.deep.equal([])
      await page.goBack()
      await answer(page, 'decision-allow')
      await at(page, '/profile')
      await expectProfile(page, scene, 'mp', 'alice')
    }),
  )

  it(
    'does not log in a snapshot user, and says what to tap',
    play(async (scene) => {
      const page = await scene.visit('/', wechat)
      await askForConsent(page)
      await answer(page, 'decision-snapshot')
      await expectFailure(page, 'ERR_WECHAT_SNAPSHOT_USER', /使用完整服务/)
    }),
  )

  it(
    'shows the failure in the language of the application',
    play(async (scene) => {
      const page = await scene.visit('/?lang=zh', wechat)
      await askForConsent(page)
      await answer(page, 'refuse')
      await expectFailure(page, 'ERR_WECHAT_DENIED', /不同意/)
    }),
  )

  it(
    'logs in once when WeChat delivers the callback twice',
    play(async (scene) => {
      const page = await scene.visit('/', wechat)
      await askForConsent(page)
      // The second request must arrive before the first is answered, however slow this browser is.
      scene.sandbox.fail('/sns/oauth2/access_token', { delay: 1000 }, { times: 1 })
      await answer(page, 'decision-allow-twice')
      await at(page, '/profile')
      await expectProfile(page, scene, 'mp', 'alice')
      const callback = { method: 'GET', path: '/auth/wechat/callback', status: 302, location: '/profile' }
      expect(scene.answers.filter(({ path }) => path === callback.path)).to.deep.equal([callback, callback])
      expect(scene.sandbox.count('/sns/oauth2/access_token')).to.equal(1)
      expect(scene.sandbox.count('/sns/userinfo')).to.equal(1)
      expect(await textOf(page, 'account-mp')).to.contain('1 login')
      await page.reload()
      await expectProfile(page, scene, 'mp', 'alice')
    }),
  )
})
