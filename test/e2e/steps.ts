import { expect } from 'chai'
import jsQR from 'jsqr'
import { PNG } from 'pngjs'
import type { FrameLocator, Page } from 'playwright-core'
import type { Scene } from './stage.js'

type Mode = 'mp' | 'website' | 'miniprogram'

/** Waits until the page is at this path of whatever server. */
export async function at(page: Page, pathname: string): Promise<void> {
  await page.waitForURL((url) => url.pathname === pathname)
}

/** The text of what has this `data-testid`. */
export async function textOf(page: Page | FrameLocator, testId: string): Promise<string> {
  return ((await page.getByTestId(testId).textContent()) ?? '').trim()
}

/** From the start page to WeChat's question. */
export async function askForConsent(page: Page): Promise<void> {
  await page.getByTestId('login-mp').click()
  await page.getByTestId('consent').waitFor()
}

/** Answers WeChat's question. The answers other than yes and no are in a section that is closed at first. */
export async function answer(page: Page, decision: string): Promise<void> {
  if (decision !== 'decision-allow' && decision !== 'refuse') await page.getByTestId('more-toggle').click()
  await page.getByTestId(decision).click()
}

/** From the start page to the profile, by the consent page. */
export async function logIn(page: Page, user = 'alice'): Promise<void> {
  await askForConsent(page)
  await page.getByTestId(`user-${user}`).check()
  await answer(page, 'decision-allow')
  await at(page, '/profile')
}

/** The profile page shows this person as this app knows them. */
export async function expectProfile(
  page: Page,
  { sandbox, ...scene }: Scene,
  mode: Mode,
  user: string,
): Promise<void> {
  const { openid, unionid } = sandbox.idsOf({
    appId: sandbox.apps.find(({ type }) => type === mode)?.appId ?? '',
    user,
  })
  expect(new URL(page.url()).origin).to.equal(scene.url)
  expect(new URL(page.url()).pathname).to.equal('/profile')
  expect({
    name: await textOf(page, 'profile-name'),
    mode: await textOf(page, 'profile-mode'),
    openid: await textOf(page, 'profile-openid'),
    unionid: await textOf(page, 'profile-unionid'),
  }).to.deep.equal({ name: sandbox.users.find(({ id }) => id === user)?.nickname, mode, openid, unionid })
}

/** The page says that the login has failed, and why, and somebody can go on from there. */
export async function expectFailure(page: Page, code: string, message: RegExp): Promise<void> {
  await at(page, '/login/failed')
  expect(await textOf(page, 'failure-code')).to.equal(code)
  expect(await textOf(page, 'failure-message')).to.match(message)
  await page.getByTestId('try-again').click()
  await page.getByTestId('login-mp').waitFor()
  expect(await page.getByTestId('logged-in').count()).to.equal(0)
}

/** Waits until the QR page, or its frame, or the phone says this. */
export async function showsStatus(
  page: Page | FrameLocator,
  testId: 'qr-status' | 'phone-status',
  status: string,
): Promise<void> {
  await page.locator(`[data-testid="${testId}"][data-status="${status}"]`).waitFor()
}

/** Waits until the page shows this of its signature. */
export async function showsVerdict(
  page: Page,
  status: 'accepted' | 'refused' | 'unreachable' | 'unsigned',
): Promise<void> {
  await page.locator(`[data-testid="js-sdk"][data-status="${status}"]`).waitFor()
}

/** Reads the QR code like a phone: from the screen. */
export async function scan(page: Page | FrameLocator): Promise<string> {
  const image = page.getByTestId('qr-image')
  await image.evaluate(async (element: HTMLImageElement) => element.decode())
  const { data, width, height } = PNG.sync.read(await image.screenshot())
  const code = jsQR.default(new Uint8ClampedArray(data), width, height)
  if (!code) throw new Error('the picture contains no readable QR code')
  return code.data
}
