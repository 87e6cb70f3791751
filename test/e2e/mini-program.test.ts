import { expect } from 'chai'
import type { Page } from 'playwright-core'
import { at, textOf } from './steps.js'
import { useStage, type Scene } from './stage.js'

describe('Logging in from the mini-program console', () => {
  const play = useStage()

  async function openConsole(scene: Scene): Promise<Page> {
    const start = await scene.visit()
    const [page] = await Promise.all([
      start.context().waitForEvent('page'),
      start.getByTestId('login-miniprogram').click(),
    ])
    await at(page, '/__sandbox/miniprogram')
    return page
  }

  async function getCode(page: Page): Promise<string> {
    const before = await textOf(page, 'mp-code')
    await page.getByTestId('mp-login').click()
    await page.locator('[data-testid="mp-login"]:enabled').waitFor()
    const code = await textOf(page, 'mp-code')
    expect(code).to.match(/^\S+$/).and.not.equal(before)
    return code
  }

  async function send(page: Page): Promise<{ status: string; answer: unknown }> {
    await page.getByTestId('mp-send').click()
    await page.locator('[data-testid="mp-send"]:enabled').waitFor()
    return { status: await textOf(page, 'mp-status'), answer: JSON.parse(await textOf(page, 'mp-response')) }
  }

  it(
    'sends a code to the application and shows the response',
    play(async (scene) => {
      const page = await openConsole(scene)
      expect(await page.getByTestId('mp-server-url').inputValue()).to.equal(
        `${scene.url}/auth/wechat/miniprogram`,
      )
      await page.getByTestId('mp-user').selectOption('bob')
      const code = await getCode(page)
      expect(JSON.parse(await page.getByTestId('mp-body').inputValue())).to.deep.equal({ code })

      const { status, answer } = await send(page)
      const ids = scene.sandbox.idsOf({ appId: scene.appId('miniprogram'), user: 'bob' })
      expect(status).to.equal('200')
      expect(answer).to.have.property('token').that.is.a('string')
      expect(answer)
        .to.have.property('user')
        .that.includes({ mode: 'miniprogram', ...ids })
      expect(await page.getByTestId('mp-history-entry').count()).to.equal(2)
    }),
  )

  it(
    'also sends encrypted and signed user data, from which the application gets name and picture',
    play(async (scene) => {
      const page = await openConsole(scene)
      await page.getByTestId('mp-user').selectOption('panda')
      await page.getByTestId('mp-encrypted').check()
      await page.getByTestId('mp-signed').check()
      await getCode(page)
      const body = JSON.parse(await page.getByTestId('mp-body').inputValue()) as object
      expect(Object.keys(body)).to.have.members(['code', 'encryptedData', 'iv', 'rawData', 'signature'])

      const { status, answer } = await send(page)
      expect(status).to.equal('200')
      const panda = scene.sandbox.users.find(({ id }) => id === 'panda')
      expect(answer)
        .to.have.property('user')
        .that.includes({ name: panda?.nickname, picture: panda?.headimgurl })
    }),
  )

  it(
    'shows that a code works once',
    play(async (scene) => {
      const page = await openConsole(scene)
      await getCode(page)
      expect((await send(page)).status).to.equal('200')
      const { status, answer } = await send(page)
      expect(status).to.equal('401')
      expect(answer).to.have.property('code', 'ERR_WECHAT_CODE')
      expect(await page.getByTestId('mp-history-entry').count()).to.equal(3)
    }),
  )

  it(
    'shows that another user’s data is refused',
    play(async (scene) => {
      const page = await openConsole(scene)
      await page.getByTestId('mp-signed').check()
      await getCode(page)
      const body = await page.getByTestId('mp-body').inputValue()
      await page.getByTestId('mp-body').fill(body.replace('爱丽丝', 'Mallory'))
      const { status, answer } = await send(page)
      expect(status).to.equal('401')
      expect(answer).to.have.property('code', 'ERR_WECHAT_SIGNATURE')
    }),
  )

  it(
    'forgets the code when another user is chosen',
    play(async (scene) => {
      const page = await openConsole(scene)
      await getCode(page)
      await page.getByTestId('mp-user').selectOption('bob')
      expect(await textOf(page, 'mp-code')).to.equal('')
      expect(JSON.parse(await page.getByTestId('mp-body').inputValue())).to.deep.equal({ code: '' })
    }),
  )

  it(
    'keeps the address of the server when the language is switched',
    play(async (scene) => {
      const page = await openConsole(scene)
      await page.getByTestId('lang-zh_CN').click()
      await page.getByTestId('lang-en').waitFor()
      expect(await page.getByTestId('mp-server-url').inputValue()).to.equal(
        `${scene.url}/auth/wechat/miniprogram`,
      )
      await getCode(page)
      expect((await send(page)).status).to.equal('200')
    }),
  )
})
