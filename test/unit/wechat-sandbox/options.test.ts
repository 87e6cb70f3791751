import { expect } from 'chai'
import { startSandbox, type SandboxOptions } from '@wechat-auth/wechat-sandbox'
import { rejection } from '../../helpers/rejection.js'

const app = { appId: 'wxsandboxunit00001', appSecret: 'secret', type: 'mp' as const }

const refused: [string, unknown][] = [
  ['port', { port: -1 }],
  ['port', { port: '80' }],
  ['host', { host: '' }],
  ['tls', { tls: true }],
  ['tls', { tls: { port: 70_000 } }],
  ['apps', { apps: 'mp' }],
  ['apps[0].appId', { apps: [{ ...app, appId: '' }] }],
  ['apps[0].appSecret', { apps: [{ ...app, appSecret: undefined }] }],
  ['apps[0].appId', { apps: [{ ...app, appId: ' wxsandboxunit00001' }] }],
  ['apps[0].appSecret', { apps: [{ ...app, appSecret: 'secret\n' }] }],
  ['apps[0].type', { apps: [{ ...app, type: 'web' }] }],
  ['apps[0].domains', { apps: [{ ...app, domains: 'a.example' }] }],
  ['apps[0].unionAccount', { apps: [{ ...app, unionAccount: 1 }] }],
  ['apps[0].testAccount', { apps: [{ ...app, testAccount: 'yes' }] }],
  ['apps', { apps: [app, app] }],
  ['users', { users: [] }],
  ['users[0].id', { users: [{ nickname: 'A' }] }],
  ['users[0].nickname', { users: [{ id: 'a' }] }],
  ['users[0].headimgurl', { users: [{ id: 'a', nickname: 'A', headimgurl: 1 }] }],
  ['users[0].state', { users: [{ id: 'a', nickname: 'A', state: 'dead' }] }],
  [
    'users',
    {
      users: [
        { id: 'a', nickname: 'A' },
        { id: 'a', nickname: 'B' },
      ],
    },
  ],
  ['codeLifetime', { codeLifetime: 0 }],
  ['accessTokenLifetime', { accessTokenLifetime: '7200' }],
  ['expiredCode', { expiredCode: 40163 }],
  ['rotateRefreshTokens', { rotateRefreshTokens: 1 }],
  ['errmsgStyle', { errmsgStyle: 'old' }],
  ['parameterOrder', { parameterOrder: true }],
  ['allowPorts', { allowPorts: 'all' }],
  ['jscode2sessionPerMinute', { jscode2sessionPerMinute: -1 }],
  ['appTokenLifetime', { appTokenLifetime: 0 }],
  ['ticketLifetime', { ticketLifetime: '7200' }],
  ['tokensPerDay', { tokensPerDay: 0 }],
  ['stableTokensPerMinute', { stableTokensPerMinute: Infinity }],
  ['stableTokensPerDay', { stableTokensPerDay: null }],
  ['qrCodesPerDay', { qrCodesPerDay: '1' }],
  ['permanentQrCodes', { permanentQrCodes: -1 }],
  ['sessionResetsPerMinute', { sessionResetsPerMinute: NaN }],
  ['ipWhitelist', { ipWhitelist: '127.0.0.1' }],
  ['ipWhitelist', { ipWhitelist: ['localhost'] }],
  ['numericCountryCode', { numericCountryCode: 1 }],
  ['colour', { colour: 'red' }],
]

describe('options of startSandbox', () => {
  for (const [name, options] of refused) {
    it(`refuses ${JSON.stringify(options)} with a TypeError that names ${name}`, async () => {
      const error = await rejection(startSandbox(options as SandboxOptions), TypeError)
      expect(error.message).to.contain(name)
    })
  }

  it("rejects with the system's error if the port is taken", async () => {
    const sandbox = await startSandbox()
    try {
      const error = await rejection(startSandbox({ port: Number(new URL(sandbox.url).port) }), Error)
      expect(error).to.have.property('code', 'EADDRINUSE')
    } finally {
      await sandbox.close()
    }
  })

  it('frees the first port if the port for TLS is taken', async () => {
    const other = await startSandbox()
    const taken = Number(new URL(other.url).port)
    const probe = await startSandbox()
    const free = Number(new URL(probe.url).port)
    await probe.close()
    try {
      await rejection(startSandbox({ port: free, tls: { port: taken } }))
      const again = await startSandbox({ port: free })
      await again.close()
    } finally {
      await other.close()
    }
  })
})
