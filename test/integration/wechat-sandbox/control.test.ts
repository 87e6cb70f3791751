import { createHash } from 'node:crypto'
import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { startSandbox, type Sandbox } from '@wechat-auth/wechat-sandbox'
import {
  appOf,
  appToken,
  exchange,
  get,
  jscode2session,
  login,
  post as postToWechat,
  refresh,
  userinfo,
  type Json,
} from './wechat.js'

const jsonType = { 'content-type': 'application/json' }

describe('request log of the sandbox', () => {
  let sandbox: Sandbox

  before(async () => {
    sandbox = await startSandbox()
  })
  afterEach(() => sandbox.reset())
  after(() => sandbox.close())

  it('contains the method, path, query, headers, body, time and status of every request', async () => {
    sandbox.fail('/b', { status: 503 })
    await get(sandbox, '/sns/auth', { access_token: 'a b+c/ü', openid: '' })
    await fetch(`${sandbox.url}/b?x=1&x=2&__proto__=y`, {
      method: 'POST',
      body: 'hello',
      headers: { 'x-test': 'yes' },
    })
    const [first, second, ...rest] = sandbox.requests
    expect(rest).to.deep.equal([])
    expect(first).to.deep.include({
      method: 'GET',
      path: '/sns/auth',
      query: { access_token: 'a b+c/ü', openid: '' },
      status: 200,
      secure: false,
      warnings: [],
    })
    expect(first?.time).to.be.closeTo(Date.now(), 5000)
    expect(second).to.deep.include({ method: 'POST', path: '/b', body: 'hello', status: 503 })
    expect(second?.query['x']).to.deep.equal(['1', '2'])
    expect(Object.keys(second?.query ?? {})).to.deep.equal(['x', '__proto__'])
    expect(second?.headers['x-test']).to.equal('yes')
  })

  it('counts requests by path', async () => {
    await Promise.all([1, 2, 3].map(() => get(sandbox, '/sns/auth')))
    expect([
      sandbox.count('/sns/auth'),
      sandbox.count('/sns/userinfo'),
      sandbox.count('__proto__'),
    ]).to.deep.equal([3, 0, 0])
    sandbox.reset()
    expect([sandbox.count('/sns/auth'), sandbox.requests.length]).to.deep.equal([0, 0])
  })

  it('keeps the start of a long body; one over 1 MiB is refused', async () => {
    await fetch(`${sandbox.url}/a`, { method: 'POST', body: 'x'.repeat(20_000) })
    expect(sandbox.requests[0]?.body).to.have.length(10_000)
    const answer = await fetch(`${sandbox.url}/a`, { method: 'POST', body: 'x'.repeat(1_048_577) })
    expect(answer.status).to.equal(413)
  })

  it("omits the sandbox's own paths", async () => {
    await fetch(`${sandbox.url}/__sandbox/clock`, { headers: jsonType })
    expect(sandbox.requests).to.deep.equal([])
  })
})

describe('reset() of the sandbox', () => {
  it('restores the initial state', async () => {
    const sandbox = await startSandbox({ codeLifetime: 60_000 })
    try {
      const token = await login(sandbox)
      const code = sandbox.issueCode({
        appId: appOf(sandbox, 'mp').appId,
        user: 'alice',
        scope: 'snsapi_base',
      })
      const key = sandbox.renewSessionKey({ appId: appOf(sandbox, 'miniprogram').appId, user: 'alice' })
      sandbox.clock.advance(1_000_000)
      sandbox.configure({ codeLifetime: 1 })
      sandbox.updateUser('alice', { nickname: 'Changed' })
      sandbox.currentUser = 'bob'
      sandbox.reset()
      expect(sandbox.clock.now()).to.be.closeTo(Date.now(), 1000)
      expect(sandbox.users[0]?.nickname).to.equal('爱丽丝')
      expect(sandbox.currentUser).to.equal('alice')
      expect((await userinfo(sandbox, token)).json['errcode']).to.equal(40001)
      expect((await refresh(sandbox, token['refresh_token'])).json['errcode']).to.equal(40030)
      expect((await exchange(sandbox, 'mp', code)).json['errcode']).to.equal(40029)
      expect(await login(sandbox)).to.have.property('access_token')
      const js = sandbox.wxLogin({ appId: appOf(sandbox, 'miniprogram').appId, user: 'alice' })
      expect((await jscode2session(sandbox, js)).json['session_key'])
        .to.be.a('string')
        .that.does.not.equal(key)
    } finally {
      await sandbox.close()
    }
  })
})

describe('HTTP controls of the sandbox', () => {
  let sandbox: Sandbox
  let mp: string
  let mini: string

  before(async () => {
    sandbox = await startSandbox()
    mp = appOf(sandbox, 'mp').appId
    mini = appOf(sandbox, 'miniprogram').appId
  })
  afterEach(() => sandbox.reset())
  after(() => sandbox.close())

  const control = async (
    method: 'GET' | 'POST',
    path: string,
    input?: Json,
    headers: Record<string, string> = jsonType,
  ): Promise<{ status: number; headers: Headers; json: Json }> => {
    const body = input === undefined ? {} : { body: JSON.stringify(input) }
    const response = await fetch(`${sandbox.url}/__sandbox/${path}`, { method, headers, ...body })
    return { status: response.status, headers: response.headers, json: (await response.json()) as Json }
  }
  const post = async (path: string, input: Json = {}): Promise<Json> => {
    const { status, json } = await control('POST', path, input)
    expect(status, JSON.stringify(json)).to.equal(200)
    return json
  }

  it('return the address, apps and users', async () => {
    const { json } = await control('GET', 'info')
    expect(json).to.deep.include({
      url: sandbox.url,
      endpoints: sandbox.endpoints,
      apps: sandbox.apps,
      users: sandbox.users,
      currentUser: 'alice',
    })
  })

  it('issue codes, session keys, data and ids', async () => {
    const { code } = await post('issue-code', {
      appId: mp,
      user: 'alice',
      scope: 'snsapi_userinfo',
      snapshot: true,
    })
    expect((await exchange(sandbox, 'mp', String(code))).json).to.have.property('is_snapshotuser', 1)
    const { sessionKey } = await post('renew-session-key', { appId: mini, user: 'alice' })
    const { code: js } = await post('wx-login', { appId: mini, user: 'alice' })
    expect((await jscode2session(sandbox, String(js))).json).to.have.property('session_key', sessionKey)
    expect(await post('encrypt', { appId: mini, user: 'alice' })).to.have.all.keys(
      'encryptedData',
      'iv',
      'rawData',
      'signature',
    )
    expect(await post('ids', { appId: mp, user: 'bob' })).to.deep.equal(
      sandbox.idsOf({ appId: mp, user: 'bob' }),
    )
  })

  it('issue phone codes', async () => {
    const { code } = await post('phone-code', { appId: mini, user: 'alice', phoneNumber: '13800138000' })
    const query = { access_token: await appToken(sandbox, 'miniprogram') }
    const { json } = await postToWechat(sandbox, '/wxa/business/getuserphonenumber', query, { code })
    expect(json['phone_info']).to.include({ phoneNumber: '13800138000' })
  })

  it('check signatures of pages', async () => {
    const { json } = await get(sandbox, '/cgi-bin/ticket/getticket', {
      access_token: await appToken(sandbox),
      type: 'jsapi',
    })
    const page = { appId: mp, url: 'http://localhost:3000/', nonceStr: 'n', timestamp: 1 }
    const signature = createHash('sha1')
      .update(`jsapi_ticket=${String(json['ticket'])}&noncestr=n&timestamp=1&url=http://localhost:3000/`)
      .digest('hex')
    expect(await post('check-js-sdk-signature', { ...page, signature })).to.deep.equal({ result: 'ok' })
    expect(await post('check-js-sdk-signature', { ...page, signature, nonceStr: 'o' })).to.deep.equal({
      result: 'invalid signature',
    })
  })

  it('change users, settings and the clock', async () => {
    expect(await post('update-user', { user: 'bob', nickname: 'Robert', silent: true })).to.include({
      nickname: 'Robert',
      silent: true,
    })
    await post('current-user', { user: 'bob' })
    expect(sandbox.currentUser).to.equal('bob')
    const token = await login(sandbox)
    await post('change-password', { user: 'alice' })
    expect((await userinfo(sandbox, token)).json['errcode']).to.equal(42007)
    await post('configure', { errmsgStyle: 'bare' })
    expect((await exchange(sandbox, 'mp', 'x')).json['errmsg']).to.equal('invalid code')
    const { now } = await post('clock', { advance: 3_600_000 })
    expect(now).to.be.closeTo(Date.now() + 3_600_000, 1000)
    expect((await control('GET', 'clock')).json['now']).to.be.closeTo(Number(now), 1000)
  })

  it('set and remove faults, return requests and reset', async () => {
    await post('fail', { path: '/sns/auth', fault: { errcode: 45009 }, times: 1 })
    await post('fail', { path: '/sns/auth', fault: { body: { base64: '/w==' } } })
    expect((await get(sandbox, '/sns/auth')).json['errcode']).to.equal(45009)
    expect((await get(sandbox, '/sns/auth')).text).to.equal('\ufffd')
    await post('fail', { path: '/sns/auth', fault: null })
    expect((await get(sandbox, '/sns/auth')).json['errcode']).to.equal(41001)
    const { json } = await control('GET', 'requests')
    expect(json['requests']).to.have.length(3)
    expect((await control('GET', 'count?path=/sns/auth')).json).to.deep.equal({ count: 3 })
    await post('reset')
    expect(sandbox.requests).to.deep.equal([])
  })

  it('reply with 400 and name the problem', async () => {
    for (const [path, input, word] of [
      ['issue-code', { appId: 'wx0', user: 'alice' }, 'appId'],
      ['issue-code', { appId: mp, user: { id: 'alice' } }, 'user'],
      ['issue-code', { appId: mp, user: 'alice', scope: ['snsapi_base'] }, 'scope'],
      ['fail', { path: '/sns/auth', fault: { transform: 'x' } }, 'transform'],
      ['fail', { path: '/sns/auth' }, 'fault'],
      ['fail', { path: '/sns/auth', fault: 'hang', times: '2' }, 'times'],
      ['clock', {}, 'advance'],
      ['clock', { advance: '1' }, 'advance'],
      ['configure', { colour: 'red' }, 'colour'],
      ['update-user', { user: 'bob', id: 'alice' }, 'id'],
      ['encrypt', { appId: mini, user: 'alice', data: 'x' }, 'data'],
      ['phone-code', { appId: mp, user: 'alice' }, 'miniprogram'],
      ['phone-code', { appId: mini, user: 'alice', phoneNumber: '+1 202' }, 'phoneNumber'],
      ['phone-code', { appId: mini, user: 'alice', phoneNumber: 13800138000 }, 'phoneNumber'],
      ['phone-code', { appId: mini, user: 'alice', countryCode: 86 }, 'countryCode'],
      ['check-js-sdk-signature', { appId: mini, url: '', nonceStr: '', timestamp: 1, signature: '' }, 'mp'],
      ['check-js-sdk-signature', { appId: mp, nonceStr: '', timestamp: 1, signature: '' }, 'url'],
      [
        'check-js-sdk-signature',
        { appId: mp, url: '', nonceStr: '', timestamp: null, signature: '' },
        'timestamp',
      ],
    ] as const) {
      const { status, json } = await control('POST', path, input)
      expect(
        [status, String(json['error']).includes(word)],
        `${path}: ${JSON.stringify(json)}`,
      ).to.deep.equal([400, true])
    }
    const noJson = await fetch(`${sandbox.url}/__sandbox/reset`, {
      method: 'POST',
      headers: jsonType,
      body: '[1',
    })
    expect(noJson.status).to.equal(400)
  })

  it('reply with 405 to another method', async () => {
    expect((await control('GET', 'reset')).status).to.equal(405)
    expect((await control('POST', 'info', {})).status).to.equal(405)
  })

  it('refuse content types other than application/json, which a form of another site could send', async () => {
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data',
      'text/plain; application/json',
    ]) {
      const { status } = await control(
        'POST',
        'fail',
        { path: '/sns/auth', fault: 'hang' },
        { 'content-type': type },
      )
      expect(status, type).to.equal(415)
    }
    expect((await control('GET', 'info', undefined, {})).status).to.equal(415)
    expect((await get(sandbox, '/sns/auth')).status).to.equal(200)
    expect(
      (await control('POST', 'reset', {}, { 'content-type': 'Application/JSON; charset=utf-8' })).status,
    ).to.equal(200)
  })

  it('refuse a Host that is not a loopback name, because any name can point to this computer', async () => {
    const { port } = new URL(sandbox.url)
    const statusFor = (host: string, path = '/__sandbox/info'): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        request({ port, host: '127.0.0.1', path, headers: { host, ...jsonType } }, (response) => {
          response.resume()
          resolve(response.statusCode)
        })
          .on('error', reject)
          .end()
      })
    for (const host of [
      'evil.example',
      `evil.example:${port}`,
      'localhost.evil.example',
      '127.0.0.1.evil.example',
      'api.weixin.qq.com',
      '0.0.0.0',
    ]) {
      expect(await statusFor(host), host).to.equal(403)
    }
    for (const host of ['localhost', `127.0.0.1:${port}`, '[::1]:80', 'app.localhost:3000', 'LOCALHOST']) {
      expect(await statusFor(host), host).to.equal(200)
    }
  })

  it('send no CORS headers and reject preflights', async () => {
    const answers = [
      await control('GET', 'info', undefined, { ...jsonType, origin: 'https://evil.example' }),
      await fetch(`${sandbox.url}/__sandbox/fail`, {
        method: 'OPTIONS',
        headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
      }),
    ]
    for (const { headers } of answers) {
      expect([...headers.keys()].filter((name) => name.startsWith('access-control'))).to.deep.equal([])
    }
    expect(answers[1]?.status).to.equal(405)
  })

  describe('of the mini-program console', () => {
    let server: Server
    let serverUrl: string

    before((done) => {
      server = createServer((incoming, response) => {
        let body = ''
        incoming.on('data', (chunk: Buffer) => {
          body += chunk.toString()
        })
        incoming.on('end', () => {
          if (incoming.url === '/redirect') response.writeHead(302, { location: 'http://example.com/' }).end()
          else if (incoming.url === '/big') response.end('x'.repeat(1_100_000))
          else
            response
              .writeHead(201, { 'x-answer': 'yes' })
              .end(JSON.stringify({ method: incoming.method, headers: incoming.headers, body }))
        })
      })
      server.listen(0, '127.0.0.1', () => {
        serverUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
        done()
      })
    })
    after((done) => {
      server.close(done)
      server.closeAllConnections()
    })

    const wx = (input: Json): Promise<{ status: number; json: Json }> =>
      control('POST', 'miniprogram/request', input)

    it('have a page that only this computer can open', async () => {
      const { text } = await get(sandbox, '/__sandbox/miniprogram', {
        url: 'http://localhost:3000/auth/wechat/miniprogram',
      })
      expect(text).to.contain('http://localhost:3000/auth/wechat/miniprogram').and.contain(mini)
      expect(text).to.contain('/__sandbox/miniprogram/request')
    })

    it('logs in and encrypts', async () => {
      const { code } = await post('miniprogram/login', { appId: mini, user: 'panda' })
      const { json } = await jscode2session(sandbox, String(code))
      expect(json).to.deep.include(sandbox.idsOf({ appId: mini, user: 'panda' }))
      const { rawData } = await post('miniprogram/encrypt', { appId: mini, user: 'panda' })
      expect(rawData).to.contain('熊猫')
    })

    it('send a request for the page and return the response', async () => {
      const { json } = await wx({
        url: `${serverUrl}/login`,
        method: 'POST',
        headers: { 'x-from': 'page' },
        body: '{"code":"c"}',
      })
      expect(json['status']).to.equal(201)
      expect(json['headers']).to.have.property('x-answer', 'yes')
      const received = JSON.parse(String(json['body'])) as {
        method: string
        headers: Record<string, string>
        body: string
      }
      expect(received).to.deep.include({ method: 'POST', body: '{"code":"c"}' })
      expect(received.headers).to.include({ 'content-type': 'application/json', 'x-from': 'page' })
    })

    it("send the page's content type, whatever the case of the header", async () => {
      const { json } = await wx({
        url: serverUrl,
        method: 'POST',
        headers: { 'content-type': 'text/plain' },
        body: 'code',
      })
      const received = JSON.parse(String(json['body'])) as { headers: Record<string, string> }
      expect(received.headers).to.include({ 'content-type': 'text/plain' })
    })

    it('does not follow redirects', async () => {
      const { json } = await wx({ url: `${serverUrl}/redirect` })
      expect(json['status']).to.equal(302)
    })

    it('refuse targets on other computers, and invalid requests', async () => {
      for (const input of [
        { url: 'http://example.com/' },
        { url: 'http://169.254.169.254/' },
        { url: 'http://127.0.0.1.evil.example/' },
        { url: 'http://0.0.0.0/' },
        { url: 'file:///etc/passwd' },
        { url: 'http://user:secret@localhost/' },
        { url: 7 },
        {},
        { url: serverUrl, method: 7 },
        { url: serverUrl, headers: { 'bad\nname': 'x' } },
        { url: serverUrl, headers: 'x' },
        { url: `${serverUrl}/big` },
      ] as Json[]) {
        const { status, json } = await wx(input)
        expect([status, typeof json['error']], JSON.stringify(input)).to.deep.equal([400, 'string'])
      }
    })

    it('report that no server responds', async () => {
      const gone = await startSandbox()
      await gone.close()
      const { status, json } = await wx({ url: gone.url })
      expect(status).to.equal(400)
      expect(json['error']).to.contain('ECONNREFUSED')
    })
  })
})
