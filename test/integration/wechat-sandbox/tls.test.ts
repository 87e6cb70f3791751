import 'reflect-metadata'
import { webcrypto, X509Certificate } from 'node:crypto'
import { Agent, get as httpsGet } from 'node:https'
import { createServer, connect } from 'node:tls'
import type { AddressInfo } from 'node:net'
import * as x509 from '@peculiar/x509'
import { expect } from 'chai'
import { startSandbox, type Sandbox } from '@wechat-auth/wechat-sandbox'
import { appOf } from './wechat.js'

const oneDay = 86_400_000

const wechatHosts = [
  'open.weixin.qq.com',
  'api.weixin.qq.com',
  'api2.weixin.qq.com',
  'sh.api.weixin.qq.com',
  'sz.api.weixin.qq.com',
  'hk.api.weixin.qq.com',
  'mp.weixin.qq.com',
  'lp.open.weixin.qq.com',
  'long.open.weixin.qq.com',
  'res.wx.qq.com',
  'weixin.qq.com',
]

describe('TLS of the sandbox', () => {
  let sandbox: Sandbox
  let port: number
  let ca: string

  before(async () => {
    sandbox = await startSandbox({ tls: { port: 0 } })
    if (!sandbox.tls) throw new Error('no TLS')
    ;({ port, ca } = sandbox.tls)
  })
  afterEach(() => sandbox.reset())
  after(() => sandbox.close())

  const ask = (servername: string, path: string, agent?: Agent): Promise<string> =>
    new Promise((resolve, reject) => {
      httpsGet(
        {
          host: '127.0.0.1',
          port,
          servername,
          ca,
          path,
          headers: { host: servername },
          ...(agent ? { agent } : {}),
        },
        (response) => {
          let body = ''
          response.setEncoding('utf8')
          response.on('data', (text: string) => {
            body += text
          })
          response.on('end', () => resolve(body))
        },
      ).on('error', reject)
    })
  const failure = async (servername: string): Promise<unknown> =>
    ask(servername, '/').then(
      () => undefined,
      (error: unknown) => error,
    )

  for (const host of wechatHosts) {
    it(`serves ${host} to clients that trust the authority`, async () => {
      expect(await ask(host, '/sns/auth')).to.contain('41001')
      expect(sandbox.requests.at(-1)).to.deep.include({ path: '/sns/auth', secure: true, status: 200 })
      expect(sandbox.requests.at(-1)?.headers.host).to.equal(host)
    })
  }

  it('serves the same apps and users on both ports', async () => {
    const { appId, appSecret } = appOf(sandbox, 'mp')
    const code = sandbox.issueCode({ appId, user: 'alice', scope: 'snsapi_base' })
    const path = `/sns/oauth2/access_token?appid=${appId}&secret=${appSecret}&code=${code}&grant_type=authorization_code`
    expect(await ask('api.weixin.qq.com', path)).to.contain('"scope":"snsapi_base"')
  })

  it("puts WeChat's name into the QR code", async () => {
    const { appId } = appOf(sandbox, 'website')
    const html = await ask(
      'open.weixin.qq.com',
      `/connect/qrconnect?appid=${appId}&redirect_uri=http%3A%2F%2Flocalhost%2F&scope=snsapi_login`,
    )
    expect(html).to.contain('https://open.weixin.qq.com/connect/confirm?uuid=')
  })

  it('is not trusted for other names, or without the authority', async () => {
    expect(await failure('pay.weixin.qq.com')).to.have.property('code', 'ERR_TLS_CERT_ALTNAME_INVALID')
    expect(await failure('localhost')).to.have.property('code', 'ERR_TLS_CERT_ALTNAME_INVALID')
    const stranger = await new Promise<NodeJS.ErrnoException>((resolve) => {
      connect({ port, host: '127.0.0.1', servername: 'api.weixin.qq.com' }).on('error', resolve)
    })
    expect(stranger.code).to.match(/SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_VERIFY_LEAF_SIGNATURE/)
  })

  it("refuses control requests under WeChat's names", async () => {
    expect(await ask('api.weixin.qq.com', '/__sandbox/info')).to.contain('Host must be')
  })

  it('creates an authority for 7 days at each start', async () => {
    const other = await startSandbox({ tls: { port: 0 } })
    await other.close()
    const [one, two] = [new X509Certificate(ca), new X509Certificate(other.tls?.ca ?? '')]
    expect(one.publicKey.export({ format: 'jwk' })).to.not.deep.equal(two.publicKey.export({ format: 'jwk' }))
    expect(one.ca).to.be.true
    expect(Date.parse(one.validTo) - Date.parse(one.validFrom)).to.equal(7 * oneDay)
    expect(Date.parse(one.validTo)).to.be.closeTo(Date.now() + 7 * oneDay, oneDay / 12)
  })

  it("has an authority that verifiers refuse for names other than WeChat's", async () => {
    const constraints = new x509.X509Certificate(ca).getExtension('2.5.29.30')
    if (!constraints) throw new Error('no name constraints')
    expect(constraints.critical).to.be.true

    // An authority whose key is here, under the same constraints, vouching for whatever name.
    const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
    const [caKeys, leafKeys] = [
      await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']),
      await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']),
    ]
    const twin = await x509.X509CertificateGenerator.createSelfSigned({
      name: 'CN=twin',
      signingAlgorithm: algorithm,
      keys: caKeys,
      extensions: [new x509.BasicConstraintsExtension(true, 0, true), constraints],
    })
    const key = x509.PemConverter.encode(
      await webcrypto.subtle.exportKey('pkcs8', leafKeys.privateKey),
      'PRIVATE KEY',
    )
    const verdict = async (name: { type: 'dns' | 'ip'; value: string }): Promise<string | undefined> => {
      const leaf = await x509.X509CertificateGenerator.create({
        subject: 'CN=leaf',
        issuer: twin.subject,
        signingAlgorithm: algorithm,
        publicKey: leafKeys.publicKey,
        signingKey: caKeys.privateKey,
        extensions: [new x509.SubjectAlternativeNameExtension([name])],
      })
      const server = createServer({ key, cert: leaf.toString('pem') }, (socket) => socket.end())
      server.on('tlsClientError', () => undefined)
      await new Promise<void>((resolve) => {
        server.listen(0, '127.0.0.1', resolve)
      })
      try {
        return await new Promise((resolve) => {
          const { port: twinPort } = server.address() as AddressInfo
          const host = name.type === 'ip' ? {} : { servername: name.value }
          const socket = connect(
            { port: twinPort, host: '127.0.0.1', ...host, ca: twin.toString('pem') },
            () => {
              resolve(undefined)
              socket.destroy()
            },
          ).on('error', (error: NodeJS.ErrnoException) => resolve(error.message))
        })
      } finally {
        server.close()
      }
    }
    expect(await verdict({ type: 'dns', value: 'api.weixin.qq.com' })).to.equal(undefined)
    expect(await verdict({ type: 'dns', value: 'res.wx.qq.com' })).to.equal(undefined)
    expect(await verdict({ type: 'dns', value: 'bank.example' })).to.contain('permitted subtree violation')
    expect(await verdict({ type: 'dns', value: 'wx.qq.com' })).to.contain('permitted subtree violation')
    expect(await verdict({ type: 'dns', value: 'evilweixin.qq.com' })).to.contain(
      'permitted subtree violation',
    )
    expect(await verdict({ type: 'ip', value: '127.0.0.1' })).to.contain('excluded subtree violation')
  })

  it('counts one connection and one handshake for many requests over a kept connection', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    for (let count = 0; count < 20; count += 1) await ask('api.weixin.qq.com', '/sns/auth', agent)
    agent.destroy()
    expect(sandbox.connections).to.deep.equal({ tcp: 1, tls: 1, resumed: 0 })
  })

  it('resets connections as well', async () => {
    sandbox.fail('/sns/auth', 'reset')
    const error = await ask('api.weixin.qq.com', '/sns/auth').then(
      () => undefined,
      (reason: unknown) => reason,
    )
    expect(error).to.have.property('code', 'ECONNRESET')
  })
})
