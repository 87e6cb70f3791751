import { expect } from 'chai'
import type { FrameLocator, Page } from 'playwright-core'
import { at, expectProfile, scan, showsStatus } from './steps.js'
import { phone, useStage, type Scene } from './stage.js'

describe('Logging in by QR code', () => {
  const play = useStage()

  async function openQrPage(scene: Scene): Promise<Page> {
    const page = await scene.visit()
    await page.getByTestId('login-website').click()
    await showsStatus(page, 'qr-status', 'waiting')
    return page
  }

  /** Opens what the QR code on a screen says, on a phone that has nothing to do with that screen. */
  async function scanWithPhone(scene: Scene, screen: Page | FrameLocator): Promise<Page> {
    const page = await (await scene.device(phone)).newPage()
    await page.goto(await scan(screen))
    await showsStatus(page, 'phone-status', 'scanned')
    return page
  }

  it(
    'continues on the computer when the phone has scanned and confirmed',
    play(async (scene) => {
      const page = await openQrPage(scene)
      expect(await page.getByTestId('warnings').count()).to.equal(0)
      const hand = await scanWithPhone(scene, page)
      await showsStatus(page, 'qr-status', 'scanned')
      await hand.getByTestId('user-bob').check()
      await hand.getByTestId('decision-confirm').click()
      await showsStatus(hand, 'phone-status', 'confirmed')
      await at(page, '/profile')
      await expectProfile(page, scene, 'website', 'bob')
      expect(new URL(hand.url()).origin).to.equal(scene.sandbox.url)
      expect(scene.answers.filter(({ path }) => path === '/auth/wechat/callback')).to.have.length(1)
    }),
  )

  it(
    'needs no phone: the page opens what the phone would show',
    play(async (scene) => {
      const page = await openQrPage(scene)
      const [hand] = await Promise.all([
        page.waitForEvent('popup'),
        page.getByTestId('qr-open-phone').click(),
      ])
      await hand.getByTestId('decision-confirm').click()
      await at(page, '/profile')
      await expectProfile(page, scene, 'website', 'alice')
    }),
  )

  it(
    'says so when the phone cancels, stays where it is, and can be scanned again',
    play(async (scene) => {
      const page = await openQrPage(scene)
      const hand = await scanWithPhone(scene, page)
      await hand.getByTestId('decision-cancel').click()
      await showsStatus(hand, 'phone-status', 'cancelled')
      await showsStatus(page, 'qr-status', 'cancelled')
      expect(new URL(page.url()).pathname).to.equal('/connect/qrconnect')
      expect(scene.answers.filter(({ path }) => path === '/auth/wechat/callback')).to.deep.equal([])

      const again = await scanWithPhone(scene, page)
      await showsStatus(page, 'qr-status', 'scanned')
      await again.getByTestId('decision-confirm').click()
      await at(page, '/profile')
      await expectProfile(page, scene, 'website', 'alice')
    }),
  )

  it(
    'says that the code has expired, and offers a new one that works',
    play(async (scene) => {
      const page = await openQrPage(scene)
      const [old, oldPhone] = [await scan(page), await scanWithPhone(scene, page)]
      scene.sandbox.clock.advance(5 * 60_000)
      await showsStatus(page, 'qr-status', 'expired')
      await oldPhone.getByTestId('decision-confirm').click()
      await showsStatus(oldPhone, 'phone-status', 'expired')

      await page.getByTestId('qr-reload').click()
      await showsStatus(page, 'qr-status', 'waiting')
      expect(await scan(page)).not.to.equal(old)
      const hand = await scanWithPhone(scene, page)
      await hand.getByTestId('decision-confirm').click()
      await at(page, '/profile')
      await expectProfile(page, scene, 'website', 'alice')
    }),
  )

  describe('inside the page of the application', () => {
    const frameIn = (page: Page): FrameLocator => page.frameLocator('[data-testid="inline-qr-frame"]')

    async function openFrame(scene: Scene): Promise<Page> {
      const page = await scene.visit()
      await page.getByTestId('inline-qr').click()
      await showsStatus(frameIn(page), 'qr-status', 'waiting')
      return page
    }

    it(
      'redirects the whole window after a scan',
      play(async (scene) => {
        const page = await openFrame(scene)
        const hand = await scanWithPhone(scene, frameIn(page))
        await showsStatus(frameIn(page), 'qr-status', 'scanned')
        await hand.getByTestId('decision-confirm').click()
        await at(page, '/profile')
        await expectProfile(page, scene, 'website', 'alice')
      }),
    )

    it(
      'does so too if the phone’s page was opened from the frame',
      play(async (scene) => {
        const page = await openFrame(scene)
        const [hand] = await Promise.all([
          page.waitForEvent('popup'),
          frameIn(page).getByTestId('qr-open-phone').click(),
        ])
        await hand.getByTestId('user-panda').check()
        await hand.getByTestId('decision-confirm').click()
        await at(page, '/profile')
        await expectProfile(page, scene, 'website', 'panda')
      }),
    )

    it(
      'can be put away again',
      play(async (scene) => {
        const page = await openFrame(scene)
        await page.getByTestId('inline-qr-hide').click()
        await page.getByTestId('inline-qr').waitFor()
        expect(await page.getByTestId('inline-qr-frame').count()).to.equal(0)
      }),
    )
  })
})
