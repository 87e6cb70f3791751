import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startSandbox, type Sandbox } from '@wechat-auth/wechat-sandbox'
import { expect } from 'chai'
import { Browser } from '../../helpers/browser.js'
import { callback, mobile } from './setting.js'

describe('200 consecutive logins over TLS', function () {
  this.timeout(60_000)
  let folder: string
  let sandbox: Sandbox
  let child: ChildProcess
  let url: string

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wechat-auth-'))
    sandbox = await startSandbox({ tls: { port: 0 } })
    const authority = join(folder, 'ca.pem')
    await writeFile(authority, sandbox.tls?.ca ?? '')
    const { appId, appSecret } = sandbox.apps.find(({ type }) => type === 'mp')!
    child = fork(new URL('fixtures/app-over-tls.ts', import.meta.url), {
      execArgv: process.execArgv,
      env: {
        ...process.env,
        NODE_EXTRA_CA_CERTS: authority,
        APP_ID: appId,
        APP_SECRET: appSecret,
        TLS_PORT: String(sandbox.tls?.port),
      },
    })
    const ended = once(child, 'exit').then(() =>
      Promise.reject(new Error('the application ended before it was up')),
    )
    const [address] = (await Promise.race([once(child, 'message'), ended])) as [string]
    ended.catch(() => undefined)
    url = address
  })

  after(async () => {
    if (child.exitCode === null) {
      const exited = once(child, 'exit')
      child.disconnect()
      await exited
    }
    await sandbox.close()
    await rm(folder, { recursive: true })
  })

  async function logIn(): Promise<number> {
    const browser = new Browser(url, mobile)
    const { location } = await browser.open('/auth/wechat')
    const { appid = '', state = '' } = Object.fromEntries(location?.searchParams ?? [])
    const code = sandbox.issueCode({ appId: appid, user: 'alice', scope: 'snsapi_userinfo' })
    return (await browser.open(callback({ code, state }))).status
  }

  it('need no new handshake with WeChat after the first', async () => {
    expect(await logIn()).to.equal(200)
    const warm = sandbox.connections.tls
    expect(warm).to.be.greaterThan(0)
    for (let login = 0; login < 200; login++) expect(await logIn()).to.equal(200)
    expect(sandbox.count('/sns/userinfo')).to.equal(201)
    expect(sandbox.connections.tls).to.equal(warm)
  })
})
