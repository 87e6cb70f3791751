import { expect } from 'chai'
import jsQR from 'jsqr'
import { PNG } from 'pngjs'
import { startSandbox, type Sandbox } from '@wechat-auth/wechat-sandbox'
import {
  apiError,
  appToken,
  oneDay,
  get,
  oneHour,
  post,
  oneSecond,
  type Answer,
  type Json,
} from './wechat.js'

const createPath = '/cgi-bin/qrcode/create'

describe('QR codes with a scene', () => {
  let sandbox: Sandbox

  before(async () => {
    sandbox = await startSandbox()
  })
  afterEach(() => sandbox.reset())
  after(() => sandbox.close())

  const create = async (body: Json | string, query: Record<string, string> = {}): Promise<Json> =>
    (await post(sandbox, createPath, { access_token: await appToken(sandbox), ...query }, body)).json
  const wish = (name: unknown, scene: Json, changes: Json = {}): Json => ({
    action_name: name,
    action_info: { scene },
    ...changes,
  })
  const show = (ticket: unknown): Promise<Answer> =>
    get(sandbox, '/cgi-bin/showqrcode', { ticket: String(ticket) })
  const startOfDay = (): void =>
    sandbox.clock.advance(oneDay - ((sandbox.clock.now() + 8 * oneHour) % oneDay) + oneSecond)

  for (const [name, scene] of [
    ['QR_SCENE', { scene_id: 4_294_967_295 }],
    ['QR_STR_SCENE', { scene_str: '一'.repeat(64) }],
  ] as const) {
    it(`${name}: a ticket, its lifetime and the code's URL`, async () => {
      const code = await create(wish(name, scene, { expire_seconds: 2_592_000 }))
      expect(Object.keys(code)).to.deep.equal(['ticket', 'expire_seconds', 'url'])
      expect(code['expire_seconds']).to.equal(2_592_000)
      expect(code['url']).to.match(/^http:\/\/weixin\.qq\.com\/q\/[A-Za-z0-9]{20}$/)
      expect((await create(wish(name, scene)))['expire_seconds']).to.equal(60)
    })
  }

  for (const [name, scene] of [
    ['QR_LIMIT_SCENE', { scene_id: 100_000 }],
    ['QR_LIMIT_STR_SCENE', { scene_str: 'x' }],
  ] as const) {
    it(`${name}: a permanent ticket, the same for the same scene`, async () => {
      const code = await create(wish(name, scene, { expire_seconds: 60 }))
      expect(Object.keys(code)).to.deep.equal(['ticket', 'url'])
      expect(await create(wish(name, scene))).to.deep.equal(code)
      sandbox.clock.advance(400 * oneDay)
      expect((await show(code['ticket'])).status).to.equal(200)
    })
  }

  it('have tickets with all three characters that must be encoded in a query', async () => {
    for (let number = 1; number <= 5; number += 1) {
      const { ticket } = await create(wish('QR_SCENE', { scene_id: number }))
      expect(ticket)
        .to.match(/^[A-Za-z0-9+/]+==$/)
        .and.contain('+')
        .and.contain('/')
    }
  })

  it('have a picture with the URL of the ticket', async () => {
    const { ticket, url } = await create(wish('QR_STR_SCENE', { scene_str: 'desk' }))
    const response = await fetch(
      `${sandbox.url}/cgi-bin/showqrcode?ticket=${encodeURIComponent(String(ticket))}`,
    )
    expect(response.headers.get('content-type')).to.equal('image/png')
    const { data, width, height } = PNG.sync.read(Buffer.from(await response.arrayBuffer()))
    expect(jsQR.default(Uint8ClampedArray.from(data), width, height)?.data).to.equal(url)
  })

  it('have no picture for an unknown, unencoded or expired ticket: 404', async () => {
    const { ticket } = await create(wish('QR_SCENE', { scene_id: 1 }, { expire_seconds: 100 }))
    expect((await show('x')).status).to.equal(404)
    expect((await fetch(`${sandbox.url}/cgi-bin/showqrcode?ticket=${String(ticket)}`)).status).to.equal(404)
    expect((await show(ticket)).status).to.equal(200)
    sandbox.clock.advance(100 * oneSecond)
    expect((await show(ticket)).status).to.equal(404)
  })

  it('are forgotten at reset(): 404, and another ticket for the same permanent scene', async () => {
    const body = wish('QR_LIMIT_SCENE', { scene_id: 1 })
    const { ticket } = await create(body)
    sandbox.reset()
    expect((await show(ticket)).status).to.equal(404)
    expect((await create(body))['ticket'])
      .to.be.a('string')
      .that.does.not.equal(ticket)
  })

  const tooLong = 'x'.repeat(65)
  const refused: [string, Json | string, [number, string]][] = [
    ['no body', '', [44002, 'empty post data']],
    ['no JSON', 'action_name=QR_SCENE', [47001, 'data format error']],
    ['no action_name', wish(undefined, { scene_id: 1 }), [40052, 'invalid action name']],
    ['an unknown action_name', wish('QR_CODE', { scene_id: 1 }), [40052, 'invalid action name']],
    ['no action_info', { action_name: 'QR_SCENE' }, [40053, 'invalid action info, please check document']],
    [
      'no scene',
      { action_name: 'QR_SCENE', action_info: {} },
      [40053, 'invalid action info, please check document'],
    ],
    ...[
      wish('QR_SCENE', { scene_id: 0 }),
      wish('QR_SCENE', { scene_id: 4_294_967_296 }),
      wish('QR_SCENE', { scene_id: '1' }),
      wish('QR_SCENE', { scene_str: 'x' }),
      wish('QR_LIMIT_SCENE', { scene_id: 100_001 }),
      wish('QR_STR_SCENE', { scene_str: '' }),
      wish('QR_STR_SCENE', { scene_str: tooLong }),
      wish('QR_LIMIT_STR_SCENE', { scene_str: tooLong }),
      wish('QR_LIMIT_STR_SCENE', { scene_id: 1 }),
    ].map((body): [string, Json, [number, string]] => [
      JSON.stringify(body),
      body,
      [40169, 'invalid length for scene, or the data is not json string'],
    ]),
    ...[0, 2_592_001, '60'].map((seconds): [string, Json, [number, string]] => [
      `expire_seconds ${JSON.stringify(seconds)}`,
      wish('QR_SCENE', { scene_id: 1 }, { expire_seconds: seconds }),
      [40097, 'invalid args'],
    ]),
  ]
  for (const [what, body, expected] of refused) {
    it(`${expected.join(' ')}: ${what}`, async () => {
      expect(apiError(await create(body))).to.deep.equal(expected)
    })
  }

  it('require POST (43002) and a token (41001, 40001, 42001) of an official account (48001)', async () => {
    const body = wish('QR_SCENE', { scene_id: 1 })
    const access_token = await appToken(sandbox)
    expect((await get(sandbox, createPath, { access_token })).json['errcode']).to.equal(43002)
    expect((await create(body, { access_token: '' }))['errcode']).to.equal(41001)
    expect((await create(body, { access_token: 'x' }))['errcode']).to.equal(40001)
    expect(
      (await create(body, { access_token: await appToken(sandbox, 'miniprogram') }))['errcode'],
    ).to.equal(48001)
    sandbox.clock.advance(2 * oneHour)
    expect((await create(body, { access_token }))['errcode']).to.equal(42001)
  })

  it('have a daily quota, a tenth of it for a test account: 45009', async () => {
    const small = await startSandbox({
      apps: [{ appId: 'wxsandboxtest00001', appSecret: 'secret', type: 'mp', testAccount: true }],
      qrCodesPerDay: 20,
    })
    const another = async (of: Sandbox): Promise<unknown> =>
      (await post(of, createPath, { access_token: await appToken(of) }, wish('QR_SCENE', { scene_id: 1 })))
        .json['errcode']
    try {
      sandbox.configure({ qrCodesPerDay: 2 })
      startOfDay()
      small.clock.advance(sandbox.clock.now() - small.clock.now())
      for (const one of [sandbox, small]) {
        expect([await another(one), await another(one), await another(one)]).to.deep.equal([
          undefined,
          undefined,
          45009,
        ])
        one.clock.advance(oneDay)
        expect(await another(one)).to.equal(undefined)
      }
    } finally {
      await small.close()
    }
  })

  it('have a limit if they are permanent: 45029', async () => {
    sandbox.configure({ permanentQrCodes: 2 })
    for (const scene_id of [1, 2, 1])
      expect(await create(wish('QR_LIMIT_SCENE', { scene_id }))).to.have.property('ticket')
    expect(apiError(await create(wish('QR_LIMIT_STR_SCENE', { scene_str: '1' })))).to.deep.equal([
      45029,
      'qrcode count out of limit',
    ])
    expect(await create(wish('QR_SCENE', { scene_id: 3 }))).to.have.property('ticket')
  })
})
