import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { expect } from 'chai'
import { startSandbox, type Fault, type Sandbox } from '@wechat-auth/wechat-sandbox'
import { rejection } from '../../helpers/rejection.js'
import { appOf, exchange, get, oneHour, login, seen, userinfo } from './wechat.js'

const faultyPath = '/sns/auth'

function causeCode(error: unknown): unknown {
  return (error as { cause?: { code?: unknown } }).cause?.code
}

describe('faults of the sandbox', () => {
  let sandbox: Sandbox
  let url: string

  before(async () => {
    sandbox = await startSandbox()
    url = sandbox.url + faultyPath
  })
  afterEach(() => sandbox.reset())
  after(() => sandbox.close())

  const newCode = (): string =>
    sandbox.issueCode({ appId: appOf(sandbox, 'mp').appId, user: 'alice', scope: 'snsapi_userinfo' })

  it('occur as often as times says, in the given order, then the one without times until it is removed', async () => {
    const errcode = async (): Promise<unknown> => (await get(sandbox, faultyPath)).json['errcode']
    sandbox.fail(faultyPath, { errcode: 1 })
    sandbox.fail(faultyPath, { errcode: 2 }, { times: 2 })
    sandbox.fail(faultyPath, { errcode: 3 }, { times: 1 })
    expect([
      await errcode(),
      await errcode(),
      await errcode(),
      await errcode(),
      await errcode(),
    ]).to.deep.equal([2, 2, 3, 1, 1])
    sandbox.fail(faultyPath, { errcode: 4 })
    expect(await errcode()).to.equal(4)
    sandbox.fail(faultyPath, null)
    expect(await errcode()).to.equal(41001)
  })

  it('do not affect other paths, and end with reset()', async () => {
    sandbox.fail(faultyPath, 'reset')
    expect((await get(sandbox, '/sns/userinfo')).json['errcode']).to.equal(41001)
    sandbox.reset()
    expect((await get(sandbox, faultyPath)).json['errcode']).to.equal(41001)
  })

  it("errcode: sends WeChat's text with a rid, or the given text unchanged", async () => {
    sandbox.fail(faultyPath, { errcode: 45009 }, { times: 1 })
    expect((await get(sandbox, faultyPath)).json['errmsg']).to.match(
      /^reach max api daily quota limit, rid: /,
    )
    sandbox.fail(faultyPath, { errcode: -1, errmsg: 'busy' })
    expect((await get(sandbox, faultyPath)).json).to.deep.equal({ errcode: -1, errmsg: 'busy' })
  })

  it('errcode as a string: sends a string', async () => {
    sandbox.fail(faultyPath, { errcode: '40029' })
    expect((await get(sandbox, faultyPath)).json['errcode']).to.equal('40029')
  })

  it('errcode: leaves the code unused; a changed response uses it', async () => {
    const code = newCode()
    sandbox.fail('/sns/oauth2/access_token', { errcode: -1 }, { times: 1 })
    sandbox.fail('/sns/oauth2/access_token', { omit: ['openid'] }, { times: 1 })
    expect((await exchange(sandbox, 'mp', code)).json['errcode']).to.equal(-1)
    expect((await exchange(sandbox, 'mp', code)).json).to.have.property('access_token')
    expect((await exchange(sandbox, 'mp', code)).json['errcode']).to.equal(40163)
  })

  it('status and body: sends both', async () => {
    sandbox.fail(faultyPath, { status: 502, body: '<h1>Bad Gateway</h1>', contentType: 'text/html' })
    const { status, headers, text } = await get(sandbox, faultyPath)
    expect([status, headers.get('content-type'), text]).to.deep.equal([
      502,
      'text/html',
      '<h1>Bad Gateway</h1>',
    ])
  })

  it('status without a body: sends an empty response', async () => {
    sandbox.fail(faultyPath, { status: 200 })
    expect(await get(sandbox, faultyPath)).to.include({ status: 200, text: '' })
  })

  it('status with merge: changes the status of the response', async () => {
    sandbox.fail('/sns/oauth2/access_token', { status: 500, merge: {} })
    const { status, json } = await exchange(sandbox, 'mp', newCode())
    expect(status).to.equal(500)
    expect(json).to.have.property('access_token')
  })

  it('302 with a location', async () => {
    sandbox.fail(faultyPath, { status: 302, headers: { location: 'http://elsewhere.example/' } })
    const { status, headers } = await get(sandbox, faultyPath)
    expect([status, headers.get('location')]).to.deep.equal([302, 'http://elsewhere.example/'])
  })

  it('body as bytes: sends invalid UTF-8 unchanged', async () => {
    const bytes = Uint8Array.of(0x7b, 0x22, 0xff, 0xfe, 0x22)
    sandbox.fail(faultyPath, { body: bytes }, { times: 1 })
    expect(new Uint8Array(await (await fetch(url)).arrayBuffer())).to.deep.equal(bytes)
    sandbox.fail(faultyPath, { body: { base64: Buffer.from(bytes).toString('base64') } })
    expect(new Uint8Array(await (await fetch(url)).arrayBuffer())).to.deep.equal(bytes)
  })

  it('a body of 2 MiB', async () => {
    sandbox.fail(faultyPath, { body: 'a'.repeat(2 * 1024 * 1024) })
    expect((await get(sandbox, faultyPath)).text).to.have.length(2 * 1024 * 1024)
  })

  it('gzip, good and bad', async () => {
    const headers = { 'content-encoding': 'gzip' }
    sandbox.fail(faultyPath, { body: gzipSync('{"errcode":7}'), headers }, { times: 1 })
    expect((await get(sandbox, faultyPath)).json).to.deep.equal({ errcode: 7 })
    sandbox.fail(faultyPath, { body: 'this is not gzip', headers })
    await rejection(get(sandbox, faultyPath))
  })

  it("headers: replace the sandbox's in any case", async () => {
    sandbox.fail(faultyPath, { body: 'x', headers: { 'CONTENT-TYPE': 'text/csv', 'content-length': '1' } })
    const { headers, text } = await get(sandbox, faultyPath)
    expect([headers.get('content-type'), text]).to.deep.equal(['text/csv', 'x'])
  })

  it('chunks: sends each in its own packet, even half a character', async () => {
    const [first, second] = [
      Buffer.from('{"nickname":"爱').subarray(0, -1),
      Buffer.concat([Buffer.from('爱').subarray(-1), Buffer.from('"}')]),
    ]
    sandbox.fail(faultyPath, { chunks: [first, second], pause: 30 })
    const response = await fetch(url)
    const packets: Uint8Array[] = []
    for await (const packet of response.body as unknown as AsyncIterable<Uint8Array>) packets.push(packet)
    expect(packets.map((packet) => Buffer.from(packet).toString('hex'))).to.deep.equal([
      first.toString('hex'),
      second.toString('hex'),
    ])
  })

  it('drip: sends the headers at once and the body byte by byte', async () => {
    sandbox.fail(faultyPath, { body: 'abcde', drip: 20 })
    const started = Date.now()
    const response = await fetch(url)
    const packets: string[] = []
    for await (const packet of response.body as unknown as AsyncIterable<Uint8Array>)
      packets.push(Buffer.from(packet).toString())
    expect(packets.join('')).to.equal('abcde')
    expect(packets.length).to.be.greaterThan(1)
    expect(Date.now() - started).to.be.at.least(80)
  })

  it('delay: sends the response later', async () => {
    sandbox.fail(faultyPath, { delay: 60 })
    const started = Date.now()
    expect((await get(sandbox, faultyPath)).json['errcode']).to.equal(41001)
    expect(Date.now() - started).to.be.at.least(55)
  })

  it('merge and omit: set and remove fields of the response', async () => {
    const token = await login(sandbox)
    sandbox.fail('/sns/userinfo', {
      merge: { nickname: null, sex: 1, extra: 'a/b' },
      omit: ['unionid', 'privilege'],
    })
    const { json, text } = await userinfo(sandbox, token)
    expect(json).to.include({ nickname: null, sex: 1, extra: 'a/b', openid: token['openid'] })
    expect(json).to.not.have.any.keys('unionid', 'privilege')
    expect(text).to.contain('a\\/b')
  })

  it('transform: replaces the response', async () => {
    const token = await login(sandbox)
    sandbox.fail('/sns/userinfo', { transform: (answer) => [answer['openid']] })
    expect((await userinfo(sandbox, token)).text).to.equal(JSON.stringify([token['openid']]))
  })

  it('truncate: sends half of the response and closes the connection', async () => {
    sandbox.fail(faultyPath, 'truncate')
    const response = await fetch(url)
    expect(Number(response.headers.get('content-length'))).to.be.greaterThan(10)
    expect(causeCode(await rejection(response.text()))).to.equal('UND_ERR_SOCKET')
  })

  it('reset: resets the connection', async () => {
    sandbox.fail(faultyPath, 'reset')
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname)
    const error = await new Promise<NodeJS.ErrnoException>((resolve) => {
      socket.on('error', resolve)
      socket.write(`GET ${faultyPath} HTTP/1.1\r\nHost: x\r\n\r\n`)
    })
    expect(error.code).to.equal('ECONNRESET')
  })

  it('hang: sends nothing, while other requests are answered', async () => {
    sandbox.fail(faultyPath, 'hang', { times: 1 })
    const controller = new AbortController()
    const hanging = rejection(fetch(url, { signal: controller.signal }))
    await seen(sandbox, faultyPath)
    expect((await get(sandbox, '/sns/userinfo')).json['errcode']).to.equal(41001)
    expect(sandbox.requests.find(({ path }) => path === faultyPath)).to.not.have.property('status')
    controller.abort()
    expect(await hanging).to.have.property('name', 'AbortError')
  })

  it("errcode on a page: shows WeChat's error page; in the long poll, sends its errcode", async () => {
    sandbox.fail('/connect/oauth2/authorize', { errcode: 10009 })
    const { headers, text } = await get(sandbox, '/connect/oauth2/authorize')
    expect(headers.get('content-type')).to.equal('text/html; charset=utf-8')
    expect(text).to.contain('10009').and.contain('操作太频繁了')
    sandbox.fail('/connect/l/qrconnect', { errcode: 500 })
    expect((await get(sandbox, '/connect/l/qrconnect')).text).to.equal(
      "window.wx_errcode=500;window.wx_code='';",
    )
  })

  it('end with close(), whether they hang, drip or wait', async () => {
    const closing = await startSandbox()
    const faults: [string, Fault][] = [
      ['/a', 'hang'],
      ['/b', { body: 'abc', drip: oneHour }],
      ['/c', { delay: oneHour }],
    ]
    for (const [path, fault] of faults) closing.fail(path, fault)
    const pending = faults.map(([path]) => rejection(get(closing, path)))
    const { text } = await get(closing, '/connect/qrconnect', {
      appid: appOf(closing, 'website').appId,
      redirect_uri: 'http://localhost/',
      scope: 'snsapi_login',
      f: 'xml',
    })
    const uuid = /CDATA\[(\w+)/.exec(text)?.[1] ?? ''
    pending.push(rejection(get(closing, '/connect/l/qrconnect', { uuid })))
    await seen(closing, '/a', '/b', '/c', '/connect/l/qrconnect')
    await closing.close()
    expect(await Promise.all(pending)).to.have.length(4)
  })
})
