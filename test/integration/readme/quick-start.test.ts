import { once } from 'node:events'
import { startSandbox, type Sandbox } from '@wechat-auth/wechat-sandbox'
import { expect } from 'chai'
import { Browser } from '../../helpers/browser.js'
import { consent } from '../../helpers/consent.js'
import { freePort } from '../../services/free-port.js'
import { chinese, english, readmeOf } from './markdown.js'
import { forRealWechat, quickStartOf } from './quick-start.js'
import { firstLine, startModule } from './running.js'

// `test/dist/smoke.test.ts` installs the packages and runs it as it is pasted.
describe('the quick start', () => {
  const quickStart = quickStartOf(readmeOf('packages/passport-wechat', english))

  it('is the same in the READMEs of the repository and of the package', () => {
    for (const file of [english, chinese])
      expect(quickStartOf(readmeOf('.', file))).to.deep.equal(
        quickStartOf(readmeOf('packages/passport-wechat', file)),
      )
  })

  it('installs what it imports, and nothing else', () => {
    const imported = [...quickStart.program.matchAll(/^import .* from '([^']+)'$/gm)].map(([, name]) => name)
    expect(imported).to.have.members(quickStart.packages)
  })

  it('uses the official account of the sandbox', async () => {
    const sandbox = await startSandbox()
    await sandbox.close()
    const { appId, appSecret } = sandbox.apps.find(({ type }) => type === 'mp')!
    expect(quickStart.program).to.contain(`'${appId}'`).and.to.contain(`'${appSecret}'`)
  })

  describe('with the changes for the real WeChat', () => {
    const program = forRealWechat(quickStart)
    let wechat: Sandbox
    let child: ReturnType<typeof startModule>
    let url: string
    before(async () => {
      wechat = await startSandbox({ apps: [{ appId: 'wx…', appSecret: '…', type: 'mp', unionAccount: 'a' }] })
      const port = String(await freePort())
      child = startModule(program, { wechat: wechat.url, env: { PORT: port } })
      url = (await firstLine(child)).replace('Open ', '')
    })
    after(async () => {
      child.kill()
      await once(child, 'close')
      await wechat.close()
    })

    it('has three new lines, and no sandbox', () => {
      expect(quickStart.changes.filter((line) => line.startsWith('+'))).to.have.length(3)
      expect(program).not.to.match(/sandbox/i)
    })

    it('logs the user in through WeChat, and remembers the user after a reload of the callback', async () => {
      const browser = new Browser(url)
      const { location: page } = await browser.open('/auth/wechat')
      expect(page?.origin).to.equal('https://open.weixin.qq.com')
      const callback = await consent(wechat.url, page!)
      expect(callback.href).to.match(/^https:\/\/example\.com\/auth\/wechat\/callback\?code=/)
      const path = callback.pathname + callback.search
      const { openid } = wechat.idsOf({ appId: 'wx…', user: 'alice' })
      for (const visit of ['login', 'reload']) {
        expect((await browser.open(path)).location?.pathname, visit).to.equal('/')
        expect((await browser.open('/')).json, visit).to.deep.equal({ openid, name: '爱丽丝' })
      }
    })

    it('shows the link again if the user refuses', async () => {
      const browser = new Browser(url)
      const { location: page } = await browser.open('/auth/wechat')
      const state = page?.searchParams.get('state') ?? ''
      const { location } = await browser.open(`/auth/wechat/callback?code=authdeny&state=${state}`)
      expect(location?.pathname).to.equal('/')
      expect((await browser.open('/')).text).to.contain('href="/auth/wechat"')
    })
  })
})
