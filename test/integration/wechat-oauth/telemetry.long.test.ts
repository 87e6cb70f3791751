import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startSandbox, type LoggedRequest, type Sandbox } from '@wechat-auth/wechat-sandbox'
import { expect } from 'chai'
import { runOrThrow } from '../../helpers/run.js'
import { installed, type Installed } from '../../services/packages.js'
import { Secrets } from '../faults/leaks.js'
import { blockOf, english, readmeOf } from '../readme/markdown.js'

const packages = [
  '@opentelemetry/api@1.9.1',
  '@opentelemetry/sdk-trace-node@2.12.1',
  '@opentelemetry/instrumentation@0.223.0',
  '@opentelemetry/instrumentation-http@0.223.0',
  '@opentelemetry/instrumentation-undici@0.33.0',
  'prom-client@15.1.3',
  'undici@7.30.2',
]
const readme = readmeOf('packages/wechat-oauth', english)
const recipes = {
  metrics: blockOf(readme, /^Diagnostics channels$/),
  spans: blockOf(readme, /^Tracing$/),
  redaction: blockOf(readme, /^Tracing$/, 1),
}

interface Span {
  name: string
  kind: number
  attributes: Record<string, unknown>
  status: { code: number; message?: string }
  id: string
  parent: string | undefined
}
const serverKind = 1
const clientKind = 2

// An application that traces as the documents of OpenTelemetry show. WeChat's names lead to this machine.
const tracing = (options = ''): string => `
  import { createRequire } from 'node:module'
  import dns from 'node:dns'
  import { trace as traces } from '@opentelemetry/api'
  import { registerInstrumentations } from '@opentelemetry/instrumentation'
  import { HttpInstrumentation as Http } from '@opentelemetry/instrumentation-http'
  import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici'
  import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node'
  const exporter = new InMemorySpanExporter()
  new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).register()
  ${options || 'const instrumentation = new Http()'}
  registerInstrumentations({ instrumentations: [instrumentation, new UndiciInstrumentation()] })
  // The instrumentation changes these modules when an application requires them.
  const require = createRequire(import.meta.url)
  const http = require('http')
  const https = require('https')
  const { lookup } = dns
  dns.lookup = (host, ...rest) => lookup(host.endsWith('.weixin.qq.com') ? '127.0.0.1' : host, ...rest)
  const takeSpans = () => {
    const spans = exporter.getFinishedSpans().map((span) => {
      const { name, kind, attributes, status, parentSpanContext } = span
      return { name, kind, attributes, status, id: span.spanContext().spanId, parent: parentSpanContext?.spanId }
    })
    exporter.reset()
    return spans
  }
  const get = (client, url) => new Promise((resolve, reject) => {
    client.get(url, (response) => response.resume().on('end', resolve)).on('error', reject)
  })
  const { WechatOAuth } = await import('@wechat-auth/wechat-oauth')
  const { appId, appSecret, endpoints, codes, plainEndpoint } = JSON.parse(process.env.SCENE)
`

describe('telemetry of other authors', function () {
  this.timeout(120_000)
  let telemetry: Installed
  let folder: string
  let sandbox: Sandbox
  let app: { appId: string; appSecret: string }
  before(async function () {
    telemetry = await installed(this, 'telemetry', packages)
    folder = await mkdtemp(join(tmpdir(), 'wechat-auth-'))
    sandbox = await startSandbox({ tls: { port: 0 } })
    await writeFile(join(folder, 'ca.pem'), sandbox.tls?.ca ?? '')
    app = sandbox.apps.find(({ type }) => type === 'mp')!
  })
  after(async () => {
    await sandbox.close()
    await rm(folder, { recursive: true })
  })

  /** Runs a module in its own process. Returns what it prints, parsed. */
  const run = async (code: string): Promise<unknown> => {
    const { appId, appSecret } = app
    const codes = Array.from({ length: 6 }, () => sandbox.issueCode({ appId, user: 'alice' }))
    const endpoints = `https://api.weixin.qq.com:${sandbox.tls!.port}`
    const env = {
      NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem'),
      SCENE: JSON.stringify({ appId, appSecret, endpoints, codes, plainEndpoint: sandbox.url }),
    }
    const args = [...process.execArgv, '--input-type=module', '--eval', code]
    return JSON.parse(await runOrThrow(process.execPath, args, { cwd: telemetry.folder, env }))
  }
  const leaks = (shown: unknown): string[] => {
    const secrets = new Secrets()
    secrets.addAllSent(sandbox.requests)
    return secrets.leaksIn(JSON.stringify(shown))
  }
  const logIn =
    'await (async () => { const { openid } = await oauth.getAccessToken(codes.pop()); await oauth.getUser(openid) })()'

  describe('OpenTelemetry', () => {
    let spans: Record<string, Span[]>
    let sent: LoggedRequest[]
    before(async () => {
      const earlier = sandbox.requests.length
      spans = (await run(`${tracing()}
        import * as undici from 'undici'
        const result = {}
        // What the instrumentations do with other requests of the application.
        await get(http, plainEndpoint + '/sns/auth?access_token=of-http')
        await get(https, endpoints + '/sns/auth?access_token=of-https')
        await (await fetch(plainEndpoint + '/sns/auth?access_token=of-fetch')).text()
        result.control = takeSpans()
        const clients = {
          'over https': { endpoints },
          'over http': { endpoints: plainEndpoint },
          'with the global fetch': { endpoints: plainEndpoint, fetch },
          'with undici': { endpoints: plainEndpoint, fetch: undici.fetch },
        }
        for (const [name, options] of Object.entries(clients)) {
          const oauth = new WechatOAuth({ appId, appSecret, ...options })
          await traces.getTracer('application').startActiveSpan('login', async (span) => {
            ${logIn}
            await get(http, plainEndpoint + '/sns/auth')
            span.end()
          })
          result[name] = takeSpans()
        }
        console.log(JSON.stringify(result))`)) as Record<string, Span[]>
      sent = sandbox.requests.slice(earlier)
    })

    it('records the whole address of other requests', () => {
      const urls = spans['control']!.map(({ attributes }) => attributes['url.full'] ?? attributes['http.url'])
      for (const client of ['http', 'https', 'fetch'])
        expect(urls.join()).to.contain(`access_token=of-${client}`)
    })

    for (const name of ['over https', 'over http', 'with the global fetch', 'with undici']) {
      it(`has no span of the client’s requests, and so no secret, ${name}`, () => {
        const client = spans[name]!.filter(({ kind }) => kind === clientKind)
        expect(
          client.map(({ attributes }) => attributes['url.full'] ?? attributes['http.url']),
        ).to.deep.equal([`${sandbox.url}/sns/auth`])
        expect(leaks(spans[name])).to.deep.equal([])
      })

      it(`goes on with the application’s trace afterwards, ${name}`, () => {
        const login = spans[name]!.find((span) => span.name === 'login')
        expect(spans[name]!.find(({ kind }) => kind === clientKind)?.parent).to.equal(login?.id)
      })
    }

    it('sends nothing of a trace to WeChat', () => {
      const ofClient = sent.filter(({ path }) => path !== '/sns/auth')
      expect(ofClient).to.have.length(8)
      expect(ofClient.filter(({ headers }) => headers['traceparent'] !== undefined)).to.deep.equal([])
    })

    it('gets spans without secrets from the diagnostics channels, by the recipe', async () => {
      const recorded = (await run(`${tracing()}${recipes.spans}
        const oauth = new WechatOAuth({ appId, appSecret, endpoints })
        await traces.getTracer('application').startActiveSpan('login', async (span) => {
          ${logIn}
          await oauth.getAccessToken('SPENTCODE-SPENTCODE-SPENTCODE').catch(() => undefined)
          span.end()
        })
        console.log(JSON.stringify(takeSpans()))`)) as Span[]
      const login = recorded.find(({ name }) => name === 'login')
      const host = `api.weixin.qq.com:${sandbox.tls!.port}`
      const shown = recorded
        .filter((span) => span !== login)
        .map(({ name, kind, attributes, status, parent }) => ({ name, kind, attributes, status, parent }))
      const span = { kind: clientKind, parent: login!.id }
      const attributes = { 'server.address': host, 'http.response.status_code': 200 }
      expect(shown).to.deep.equal([
        { ...span, name: 'GET /sns/oauth2/access_token', attributes, status: { code: 0 } },
        { ...span, name: 'GET /sns/userinfo', attributes, status: { code: 0 } },
        {
          ...span,
          name: 'GET /sns/oauth2/access_token',
          attributes: { ...attributes, 'wechat.errcode': 40029 },
          status: { code: 2, message: 'ERR_WECHAT_API' },
        },
      ])
      expect(leaks(recorded)).to.deep.equal([])
    })

    it('redacts the callback in the spans of the server, by the recipe', async () => {
      const recorded =
        (await run(`${tracing(recipes.redaction.replace(/^import .*$/m, 'const HttpInstrumentation = Http'))}
        const server = http.createServer((request, response) => response.end()).listen(0, '127.0.0.1')
        await new Promise((resolve) => server.once('listening', resolve))
        const url = 'http://127.0.0.1:' + server.address().port + '/callback?code=THE-CODE&state=THE-STATE&page=2'
        await (await fetch(url)).text()
        server.close()
        console.log(JSON.stringify(takeSpans()))`)) as Span[]
      const [span] = recorded.filter(({ kind }) => kind === serverKind)
      expect(JSON.stringify(span))
        .to.contain('page=2')
        .and.not.match(/THE-CODE|THE-STATE/)
    })
  })

  it('Prometheus counts calls and logins, by the recipe', async () => {
    const metrics = (await run(`
      import { register } from 'prom-client'
      import { WechatOAuth } from '@wechat-auth/wechat-oauth'
      import { publishLogin } from '@wechat-auth/wechat-oauth/strategy-kit'
      ${recipes.metrics}
      const { appId, appSecret, plainEndpoint: endpoints, codes } = JSON.parse(process.env.SCENE)
      const oauth = new WechatOAuth({ appId, appSecret, endpoints })
      ${logIn}
      await oauth.getAccessToken('SPENTCODE-SPENTCODE-SPENTCODE').catch(() => undefined)
      publishLogin(() => ({ strategy: 'wechat', mode: 'mp', outcome: 'success', durationMs: 1 }))
      publishLogin(() => ({ strategy: 'wechat', outcome: 'fail', code: 'ERR_WECHAT_STATE', durationMs: 1 }))
      console.log(JSON.stringify(await register.metrics()))`)) as string
    for (const line of [
      'wechat_call_seconds_count{endpoint="/sns/oauth2/access_token",code="",errcode=""} 1',
      'wechat_call_seconds_count{endpoint="/sns/userinfo",code="",errcode=""} 1',
      'wechat_call_seconds_count{endpoint="/sns/oauth2/access_token",code="ERR_WECHAT_API",errcode="40029"} 1',
      'wechat_logins_total{mode="mp",outcome="success",code=""} 1',
      'wechat_logins_total{mode="",outcome="fail",code="ERR_WECHAT_STATE"} 1',
    ])
      expect(metrics.split('\n')).to.include(line)
    expect(leaks(metrics)).to.deep.equal([])
  })
})
