import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { expect } from 'chai'
import { startDemo, type Demo, type DemoOptions } from '../../../examples/express/src/start.js'
import { Browser } from '../../helpers/browser.js'
import { rejection } from '../../helpers/rejection.js'
import { killGroup, root, run } from '../../helpers/run.js'
import { contentOf, linkOf } from './page-content.js'

const realApps = {
  WECHAT_MP_APP_ID: 'wx0000000000000001',
  WECHAT_MP_APP_SECRET: 'secret-of-the-official-account',
  WECHAT_WEBSITE_APP_ID: 'wx0000000000000002',
  WECHAT_WEBSITE_APP_SECRET: 'secret-of-the-website',
}

describe('Starting the Express example', () => {
  let demo: Demo | undefined
  let taken: Server | undefined

  const start = async (options: DemoOptions = {}): Promise<Demo> => (demo = await startDemo(options))

  const takenPort = async (): Promise<number> => {
    taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    return (taken.address() as AddressInfo).port
  }

  afterEach(async () => {
    await demo?.close()
    taken?.close()
    demo = taken = undefined
  })

  it('uses a free port for the application if the requested one is taken', async () => {
    const port = await takenPort()
    const { port: own, url } = await start({ port })

    expect(own).not.to.equal(port)
    expect((await fetch(url)).status).to.equal(200)
  })

  it('uses a free port for the sandbox if the requested one is taken', async () => {
    const sandboxPort = await takenPort()
    const { sandbox } = await start({ sandboxPort })

    expect(sandbox?.url).not.to.contain(`:${sandboxPort}`)
    expect((await fetch(sandbox?.url ?? '')).status).to.equal(200)
  })

  it('redirects localhost to the address that WeChat redirects to', async () => {
    const { url, port } = await start()
    const { status, headers } = await fetch(`http://localhost:${port}/login/failed?code=x`, {
      redirect: 'manual',
    })

    expect(status).to.equal(307)
    expect(headers.get('location')).to.equal(`${url}/login/failed?code=x`)
  })

  it('frees its ports when it is closed, even twice', async () => {
    const { url, sandbox, close } = await startDemo()
    await Promise.all([close(), close()])

    for (const address of [url, sandbox?.url ?? ''])
      expect(await rejection(fetch(address))).to.be.instanceOf(TypeError)
  })

  describe('with apps at the real WeChat', () => {
    const env = { ...realApps, PUBLIC_URL: 'https://login.example.com' }

    it('starts no sandbox and sends people to WeChat', async () => {
      const { url, port, sandbox } = await start({ env })
      const { location } = await new Browser(`http://127.0.0.1:${port}`).open('/auth/wechat/website')

      expect(sandbox).to.equal(undefined)
      expect(url).to.equal('https://login.example.com')
      expect(location?.origin).to.equal('https://open.weixin.qq.com')
      expect(location?.searchParams.get('appid')).to.equal('wx0000000000000002')
      expect(location?.searchParams.get('redirect_uri')).to.equal(
        'https://login.example.com/auth/wechat/callback',
      )
    })

    it('says which of the three ways are not configured', async () => {
      const { port } = await start({ env })
      const { text } = await new Browser(`http://127.0.0.1:${port}`, { 'accept-language': 'en' }).open('/')

      expect(linkOf(text, 'login-mp')).to.equal('/auth/wechat/mp')
      expect(linkOf(text, 'login-miniprogram')).to.equal(undefined)
      expect(contentOf(text, 'missing-miniprogram')).to.equal('No WeChat app of this type is configured.')
    })

    it('uses WeChat’s own script on the JS-SDK page, and says where it works', async () => {
      const { port } = await start({ env })
      const browser = new Browser(`http://127.0.0.1:${port}`, { 'accept-language': 'en' })
      const { text, headers } = await browser.open('/inside-wechat')

      expect(text)
        .to.contain('<script src="https://res.wx.qq.com/open/js/jweixin-1.6.0.js"></script>')
        .and.to.contain('only in its own browser')
      expect(headers.get('content-security-policy')).to.contain('script-src https://res.wx.qq.com ')
      // Only the host of the page counts, not who asks.
      expect((await browser.open(`/wechat/js-sdk?url=http%3A%2F%2F127.0.0.1%3A${port}%2F`)).status).to.equal(
        403,
      )
    })

    it('has no JS-SDK page without an official account', async () => {
      const { port } = await start({ env: { ...env, WECHAT_MP_APP_ID: '', WECHAT_MP_APP_SECRET: '' } })
      const browser = new Browser(`http://127.0.0.1:${port}`, { 'accept-language': 'en' })

      expect(linkOf((await browser.open('/')).text, 'to-inside-wechat')).to.equal(undefined)
      for (const path of ['/inside-wechat', '/wechat/js-sdk?url=x'])
        expect((await browser.open(path)).status).to.equal(404)
    })

    it('sends its cookie over https only', async () => {
      const { port } = await start({ env })
      const browser = new Browser(`http://127.0.0.1:${port}`)

      expect((await browser.open('/auth/wechat/mp')).headers.get('set-cookie')).to.equal(null)
      const { headers } = await browser.open('/auth/wechat/mp', { headers: { 'x-forwarded-proto': 'https' } })
      expect(headers.get('set-cookie')).to.contain('; Secure')
    })

    it('names the setting that is missing or wrong', async () => {
      const { WECHAT_MP_APP_SECRET, ...withoutSecret } = realApps
      const cases = [
        [withoutSecret, 'WECHAT_MP_APP_SECRET is missing'],
        [{ WECHAT_MP_APP_SECRET }, 'WECHAT_MP_APP_ID is missing'],
        [{ ...realApps, PUBLIC_URL: 'login.example.com' }, /^PUBLIC_URL must be/],
        [{ ...realApps, PUBLIC_URL: 'https://example.com/login' }, /^PUBLIC_URL must be/],
      ] as const

      for (const [wrong, message] of cases) {
        expect(await rejection(startDemo({ env: wrong }), Error))
          .to.have.property('message')
          .that.matches(typeof message === 'string' ? new RegExp(`^${message}$`) : message)
      }
    })
  })
})

describe('npm run demo', function () {
  this.timeout(30_000)

  // Set, so that a developer's own .env does not count.
  const noApps = Object.fromEntries(
    ['MP', 'WEBSITE', 'MINIPROGRAM'].flatMap((app) => [
      [`WECHAT_${app}_APP_ID`, ''],
      [`WECHAT_${app}_APP_SECRET`, ''],
    ]),
  )
  let npm: ChildProcess | undefined

  const until = (child: ChildProcess, pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      let output = ''
      child.stdout?.setEncoding('utf8').on('data', (text: string) => {
        output += text
        const found = pattern.exec(output)
        if (found) resolve(found)
      })
      child.once('close', () => reject(new Error(`ended after saying ${output}`)))
    })

  afterEach(() => {
    if (npm) killGroup(npm)
    npm = undefined
  })

  it('starts within five seconds, prints its address, and ends with npm', async function () {
    // A machine that is busy with other tests takes longer: the best of three counts.
    this.retries(2)
    const begun = Date.now()
    npm = spawn('npm', ['run', 'demo', '--', '--port', '0', '--sandbox-port', '0'], {
      cwd: root,
      env: { ...process.env, ...noApps },
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
    })
    const [, url = ''] = await until(npm, /Open\s+(http:\/\/127\.0\.0\.1:\d+)/)

    expect(Date.now() - begun).to.be.at.most(5000)
    expect((await fetch(url)).status).to.equal(200)

    // The output is closed only when every process that writes to it has ended.
    const closed = once(npm, 'close')
    npm.kill('SIGTERM')
    await closed
    expect(await rejection(fetch(url))).to.be.instanceOf(TypeError)
  })

  it('explains its options', async () => {
    const { code, stdout } = await run('npm', ['run', '--silent', 'demo', '--', '--help'])

    expect(code).to.equal(0)
    expect(stdout).to.contain('--port').and.to.contain('--sandbox-port')
  })

  it('refuses an unknown option or an invalid port, in one line', async () => {
    for (const wrong of ['--unknown', '--port=x', '--sandbox-port=65536']) {
      const { code, stderr } = await run('npm', ['run', '--silent', 'demo', '--', wrong], { env: noApps })
      expect(code).to.equal(1)
      expect(stderr).to.contain(wrong.split('=')[0]).and.not.contain('    at ')
    }
  })
})
