import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { jsSDKHandler, WechatError, WechatOAuth } from '@wechat-auth/wechat-oauth'
import { expect } from 'chai'
import express from 'express'
import type { Page } from 'playwright-core'
import { english, readmeOf } from '../integration/readme/markdown.js'
import { at, showsVerdict, textOf } from './steps.js'
import { useStage, wechat, type Scene } from './stage.js'

describe('A page inside WeChat', () => {
  const play = useStage()

  async function openPage(scene: Scene): Promise<Page> {
    const page = await scene.visit('/', wechat)
    await page.getByTestId('to-inside-wechat').click()
    await at(page, '/inside-wechat')
    return page
  }

  it(
    'has its signature accepted, and may use what it asked for',
    play(async (scene) => {
      const page = await openPage(scene)
      await showsVerdict(page, 'accepted')
      expect([await textOf(page, 'api-scanQRCode'), await textOf(page, 'api-chooseImage')]).to.deep.equal([
        '✓',
        '✓',
      ])
      await page.getByTestId('scan').click()
      expect(await textOf(page, 'scan-result')).to.equal('scanQRCode:ok')
      expect(await page.getByTestId('js-sdk-words').isVisible()).to.equal(false)
    }),
  )

  it(
    'has its signature accepted whatever follows # in its address, and does not ask WeChat again for each visitor',
    play(async (scene) => {
      for (const path of ['/inside-wechat#/some/route', '/inside-wechat?from=%E5%BE%AE%E4%BF%A1&x=a+b']) {
        await showsVerdict(await scene.visit(path, wechat), 'accepted')
      }
      expect([
        scene.sandbox.count('/cgi-bin/stable_token'),
        scene.sandbox.count('/cgi-bin/ticket/getticket'),
      ]).to.deep.equal([1, 1])
    }),
  )

  it(
    'is refused when its address is no longer the signed one, although wx.ready is called',
    play(async (scene) => {
      const page = await openPage(scene)
      await page.getByTestId('js-sdk-other').click()
      await showsVerdict(page, 'refused')
      expect(await textOf(page, 'js-sdk-words')).to.equal('config:invalid signature')
      // From here on, wx.ready calls its callback at once.
      expect(
        await page.evaluate(
          () =>
            new Promise((resolve) =>
              (window as unknown as { wx: { ready: (done: () => void) => void } }).wx.ready(() => {
                resolve('ready')
              }),
            ),
        ),
      ).to.equal('ready')
      await showsVerdict(page, 'refused')
      for (const granted of ['scan', 'api-scanQRCode'])
        expect(await page.getByTestId(granted).isVisible()).to.equal(false)
      await page.getByTestId('js-sdk-other').click()
      await showsVerdict(page, 'accepted')
    }),
  )

  it(
    'can be as short as in the README',
    play(async (scene) => {
      const block = readmeOf('packages/wechat-oauth', english).blocks.find(
        ({ language }) => language === 'html',
      )
      const { appId, appSecret } = scene.sandbox.apps.find(({ type }) => type === 'mp')!
      const oauth = new WechatOAuth({ appId, appSecret, endpoints: scene.sandbox.endpoints })
      const app = express()
      const server = createServer((req, res) => {
        app(req, res)
      }).listen(0, '127.0.0.1')
      await once(server, 'listening')
      const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
      app.get('/wechat/js-sdk', jsSDKHandler(oauth, { hosts: [host] }))
      app.get('/page', (_req, res) => {
        res.send(
          `<!doctype html><link rel="icon" href="data:,">${block?.code.replace('https://res.wx.qq.com', scene.sandbox.url) ?? ''}`,
        )
      })
      try {
        const page = await (await scene.device(wechat)).newPage()
        const [verdict] = await Promise.all([
          page.waitForResponse((response) => new URL(response.url()).pathname === '/__sandbox/js-sdk.js'),
          page.goto(`http://${host}/page?a=1#here`),
        ])
        expect(await verdict.text()).to.contain('config:ok')
      } finally {
        server.closeAllConnections()
        server.close()
      }
    }),
  )

  it(
    'says that there is no signature when WeChat returns no ticket',
    play(async (scene) => {
      scene.sandbox.fail('/cgi-bin/ticket/getticket', { status: 503 })
      const page = await openPage(scene)
      await showsVerdict(page, 'unsigned')
      expect(scene.logged.splice(0))
        .to.have.length(1)
        .with.nested.property('[0]')
        .that.is.instanceOf(WechatError)
      expect(scene.complaints.splice(0))
        .to.have.length(1)
        .with.nested.property('[0]')
        .that.contains('answered 502')
    }),
  )
})
