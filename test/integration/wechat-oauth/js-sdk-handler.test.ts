import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { jsSDKHandler, WechatTransportError, type WechatOAuth } from '@wechat-auth/wechat-oauth'
import { expect } from 'chai'
import express, { type ErrorRequestHandler } from 'express'
import { json, startLoopbackServer, status, type LoopbackServer } from '../../helpers/loopback-server.js'
import { appSecret, client } from '../../helpers/wechat-replies.js'
import { exposed, Secrets } from '../faults/leaks.js'

const accessToken = '99_app-token-of/the+app'
const ticket = 'ticket-of_the-app-0123456789'
const address = `/sign?url=${encodeURIComponent('https://good.example/page')}`

describe('jsSDKHandler over HTTP', () => {
  let wechat: LoopbackServer
  let oauth: WechatOAuth
  let server: Server
  const logged: unknown[] = []
  const passed: unknown[] = []
  const secrets = new Secrets()
  secrets.add('secret', appSecret)
  secrets.add('access_token', accessToken)
  secrets.add('ticket', ticket)

  const serve = async (listener: Parameters<typeof createServer>[1]): Promise<string> => {
    server = createServer(listener as () => void)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }
  const withExpress = async (): Promise<string> => {
    const app = express()
    app.use('/api', express.Router().get('/sign', jsSDKHandler(oauth, { hosts: ['good.example'] })))
    const onError: ErrorRequestHandler = (error, _request, response, next) => {
      passed.push(error)
      if (response.headersSent) next(error)
      else response.status((error as WechatTransportError).status).end()
    }
    return `${await serve(app.use(onError))}/api`
  }

  before(async () => {
    wechat = await startLoopbackServer()
  })
  after(async () => wechat.close())
  beforeEach(() => {
    wechat.answerByPath({
      '/cgi-bin/stable_token': json({ access_token: accessToken, expires_in: 7200 }),
      '/cgi-bin/ticket/getticket': json({ errcode: 0, errmsg: 'ok', ticket, expires_in: 7200 }),
    })
    logged.length = 0
    const log = (...entry: unknown[]): void => {
      logged.push(entry)
    }
    oauth = client({ endpoints: wechat.url, logger: { debug: log, warn: log } })
  })
  afterEach(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })

  it('signs under Express, and exposes neither the ticket nor the tokens', async () => {
    const response = await fetch((await withExpress()) + address, {
      headers: { origin: 'https://evil.example' },
    })
    const text = await response.text()
    expect(response.status).to.equal(200)
    expect(response.headers.get('cache-control')).to.equal('no-store')
    expect([...response.headers.keys()].filter((name) => name.startsWith('access-control'))).to.deep.equal([])
    expect(JSON.parse(text)).to.include({ url: 'https://good.example/page' })
    expect(logged).to.not.be.empty
    for (const seen of [text, logged, oauth]) expect(secrets.leaksIn(exposed(seen))).to.deep.equal([])
  })

  it('passes errors to Express, without a secret in them', async () => {
    wechat.answerByPath({
      '/cgi-bin/stable_token': json({ access_token: accessToken, expires_in: 7200 }),
      '/cgi-bin/ticket/getticket': json({
        errcode: 48001,
        errmsg: `api unauthorized ${accessToken} ${ticket}`,
        ticket,
      }),
    })
    const response = await fetch((await withExpress()) + address)
    expect(response.status).to.equal(500)
    expect(passed.pop()).to.satisfy(
      (error: unknown) => secrets.leaksIn(exposed(error)).length === 0 && exposed(error).includes('48001'),
    )
  })

  it('responds with 502 and an empty body without Express', async () => {
    wechat.answer(status(503, appSecret))
    const handler = jsSDKHandler(oauth, { hosts: ['good.example'] })
    const url = await serve((request, response) => {
      void handler(request, response)
    })
    const response = await fetch(url + address)
    expect(response.status).to.equal(502)
    expect(await response.text()).to.equal('')
    expect((await fetch(url + address, { method: 'POST' })).status).to.equal(405)
    expect((await fetch(`${url}/sign?url=https://good.example.evil.com/`)).status).to.equal(403)
  })
})
