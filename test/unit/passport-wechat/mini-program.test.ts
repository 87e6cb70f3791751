import { createCipheriv, createHash } from 'node:crypto'
import {
  WechatStrategy,
  type MiniProgramInput,
  type WechatOneAppOptions,
  type WechatVerifyInput,
} from '@wechat-auth/passport-wechat'
import { MemoryTokenStore, WechatError } from '@wechat-auth/wechat-oauth'
import { expect } from 'chai'
import { action, authenticate, requestOf, type Action } from '../../helpers/authenticate.js'
import { FakeWechat } from '../../helpers/fake-wechat.js'
import { sessionReply } from '../../helpers/wechat-replies.js'

// Vector A of WeChat's documentation.
const appId = 'wx4f4bc4dec97d474b'
const sessionKey = 'tiihtNczf5v6AKRyjwEUhQ=='
const openid = 'oGZUI0egBJY1zhBYw2KhdUfwVJJE'
const unionid = 'ocMvos6NjeKLIBqg5Mr9QjxrP1FA'
const iv = 'r7BXXKkLb8qrSNn05n0qiA=='
const encryptedData = `CiyLU1Aw2KjvrjMdj8YKliAjtP4gsMZMQmRzooG2xrDcvSnxIMXFufNstNGTyaGS9uT5geRa0W4oTOb1WT7fJlAC+oNPdbB+3hVbJSRgv+4lGOETKUQz6OYStslQ142d
  NCuabNPGBzlooOmB231qMM85d2/fV6ChevvXvQP8Hkue1poOFtnEtpyxVLW1zAo6/1Xx1COxFvrc2d7UL/lmHInNlxuacJXwu0fjpXfz/YqYzBIBzD6WUfTIF9GRHpOn
  /Hz7saL8xz+W//FRAUid1OksQaQx4CMs8LOddcQhULW4ucetDf96JcR3g0gfRK4PC7E/r7Z6xNrXd2UIeorGj5Ef7b1pJAYB6Y5anaHqZ9J6nKEBvB4DnNLIVWSgARns
  /8wR2SiRS7MNACwTyrGvt9ts8p12PKFdlqYTopNHR1Vf7XjfhQlVsAJdNiKdYmYVoKlaRv85IfVunYzO0IKXsyl7JCUjCpoG20f0a04COwfneQAGGwd5oa+T8yO5hzuy
  Db/XcxxmK01EpqOyuxINew==`

const code = '033CODE'

/** Encrypts data with this session_key, as a mini-program's API would. */
function encrypt(data: Record<string, unknown>): { encryptedData: string; iv: string } {
  const cipher = createCipheriv('aes-128-cbc', Buffer.from(sessionKey, 'base64'), Buffer.from(iv, 'base64'))
  return {
    encryptedData: Buffer.concat([
      cipher.update(JSON.stringify({ watermark: { appid: appId, timestamp: 1 }, ...data })),
      cipher.final(),
    ]).toString('base64'),
    iv,
  }
}

interface Login {
  options?: Partial<WechatOneAppOptions>
  session?: Record<string, unknown>
  contentType?: string
}

async function logIn(
  body: unknown,
  { options = {}, session = {}, contentType = 'application/json' }: Login = {},
) {
  const wechat = new FakeWechat()
  wechat.replies['/sns/jscode2session'] = sessionReply({ session_key: sessionKey, openid, ...session })
  let seen: WechatVerifyInput | undefined
  const strategy = new WechatStrategy(
    { mode: 'miniprogram', appId, appSecret: 'secret', fetch: wechat.fetch, ...options },
    (input) => {
      seen = input
      return Promise.resolve({ id: input.profile.id })
    },
  )
  const taken = await authenticate(
    strategy,
    requestOf({ method: 'POST', headers: { 'content-type': contentType }, body }),
  )
  return { taken, seen, wechat }
}

const failure = (taken: Action) =>
  taken.action === 'fail' ? [(taken.info as { code: string }).code, taken.status] : taken

describe('the mini-program login', () => {
  it('needs only the code', async () => {
    const { taken, seen } = await logIn({ code }, { session: { unionid } })
    expect(taken).to.deep.equal({
      action: 'success',
      user: { id: openid },
      info: { appId, mode: 'miniprogram', openid, unionid },
    })
    const { req: _req, ...input } = seen!
    expect(_req).to.have.property('method', 'POST')
    expect(input).to.deep.equal({
      accessToken: undefined,
      refreshToken: undefined,
      params: { openid, unionid },
      profile: {
        provider: 'wechat',
        id: openid,
        displayName: '',
        appId,
        mode: 'miniprogram',
        openid,
        unionid,
        _raw: JSON.stringify({ openid, unionid }),
        _json: { openid, unionid },
      },
    })
  })

  it('keeps the session_key in the token store only', async () => {
    const tokenStore = new MemoryTokenStore()
    let idSourceSaw: unknown
    const { taken, seen } = await logIn(
      { code },
      {
        options: {
          tokenStore,
          idSource: (token) => {
            idSourceSaw = token
            return token.openid
          },
        },
      },
    )
    const { req: _req, ...input } = seen!
    expect(JSON.stringify([taken, input, idSourceSaw, _req.body]))
      .not.to.contain(sessionKey)
      .and.not.contain('session_key')
    expect(await tokenStore.getToken(openid)).to.include({ session_key: sessionKey })
  })

  it("takes name, picture and gender from encrypted user data, and the unionid from WeChat's reply", async () => {
    const { seen } = await logIn({ code, encryptedData, iv }, { session: { unionid } })
    expect(seen?.profile).to.deep.include({
      displayName: 'Band',
      gender: 'male',
      unionid,
      photos: [
        {
          value:
            'https://wx.qlogo.cn/mmopen/vi_32/aSKcBBPpibyKNicHNTMM0qJVh8Kjgiak2AHWr8MHM4WgMEm7GFhsf8OYrySdbvAMvTsw3mo8ibKicsnfN5pRjl1p8HQ/0',
        },
      ],
      _json: { openid, unionid },
    })
    expect(seen?.params).to.deep.equal({ openid, unionid })
  })

  it('accepts encrypted data without an openid, and does not mistake a phone number for a person', async () => {
    const { seen } = await logIn({
      code,
      ...encrypt({ phoneNumber: '13800138000', purePhoneNumber: '13800138000', countryCode: '86' }),
    })
    expect(JSON.stringify(seen?.profile)).not.to.contain('13800138000')
    expect(seen?.profile).to.have.property('displayName', '')
  })

  const rawData = '{"nickName":"Band"}'
  const signature = createHash('sha1')
    .update(rawData + sessionKey)
    .digest('hex')

  it('checks the signature of rawData', async () => {
    expect((await logIn({ code, rawData, signature })).taken.action).to.equal('success')
    expect(
      failure((await logIn({ code, rawData: rawData.replace('Band', 'Boss'), signature })).taken),
    ).to.deep.equal(['ERR_WECHAT_SIGNATURE', 401])
  })

  const refusals: [string, Record<string, unknown>, Record<string, unknown>, string][] = [
    [
      'data encrypted with another key',
      { session_key: 'AAAAAAAAAAAAAAAAAAAAAA==' },
      { encryptedData, iv },
      'ERR_WECHAT_SESSION_KEY',
    ],
    [
      'changed data',
      {},
      { encryptedData: encryptedData.replace('Ciy', 'XXX'), iv },
      'ERR_WECHAT_SESSION_KEY',
    ],
    [
      'data of another app',
      {},
      encrypt({ openId: openid, watermark: { appid: 'wxother', timestamp: 1 } }),
      'ERR_WECHAT_OPENID_MISMATCH',
    ],
    [
      'data of another user',
      { openid: 'oSOMEBODYELSE' },
      { encryptedData, iv },
      'ERR_WECHAT_OPENID_MISMATCH',
    ],
    ['an openid that is not a string', {}, encrypt({ openId: 1 }), 'ERR_WECHAT_OPENID_MISMATCH'],
    ['data of another unionid', { unionid: 'oUNION' }, { encryptedData, iv }, 'ERR_WECHAT_OPENID_MISMATCH'],
  ]
  for (const [title, session, body, expected] of refusals) {
    it(`fails with ${expected} for ${title}, before verify`, async () => {
      const { taken, seen } = await logIn({ code, ...body }, { session })
      expect(failure(taken)).to.deep.equal([expected, 401])
      expect(seen).to.equal(undefined)
    })
  }

  const damaged: [string, Record<string, unknown>, string][] = [
    ['data that is not base64', { encryptedData: '%%%', iv }, 'encryptedData is not base64'],
    [
      'truncated data',
      { encryptedData: encryptedData.slice(0, -8), iv },
      'encryptedData is incomplete: its length is not a multiple of 16 bytes',
    ],
    ['an iv of the wrong length', { encryptedData, iv: 'AAAA' }, 'iv is not the base64 of 16 bytes'],
  ]
  for (const [title, body, message] of damaged) {
    it(`fails with 400 and the reason for ${title}`, async () => {
      const { taken, seen } = await logIn({ code, ...body })
      expect(taken).to.deep.equal({
        action: 'fail',
        info: { message, code: 'ERR_WECHAT_ENCRYPTED_DATA' },
        status: 400,
      })
      expect(seen).to.equal(undefined)
    })
  }

  it('decrypts data in which a form turned every + into a space', async () => {
    const { seen } = await logIn({
      code,
      encryptedData: encryptedData.replace(/\s+/g, '').replaceAll('+', ' '),
      iv,
    })
    expect(seen?.profile.displayName).to.equal('Band')
  })

  const bodies: [string, unknown][] = [
    ['none', undefined],
    ['null', null],
    ['a string', JSON.stringify({ code })],
    ['an array', [{ code }]],
    ['bytes', Buffer.from('{}')],
    ['no code', {}],
    ['an empty code', { code: '' }],
    ['a code of null', { code: null }],
    ['a number as code', { code: 1 }],
    ['an array as code', { code: [code] }],
    ['a code with a line break', { code: 'a\nb' }],
    ['a code of 513 characters', { code: 'a'.repeat(513) }],
    ['a code that is inherited', Object.create({ code }) as object],
    ['encryptedData without iv', { code, encryptedData }],
    ['iv without encryptedData', { code, iv }],
    ['rawData without signature', { code, rawData }],
    ['signature without rawData', { code, signature }],
    ['encryptedData of the wrong type', { code, encryptedData: 1, iv }],
    ['an empty iv', { code, encryptedData, iv: '' }],
    ['an object as rawData', { code, rawData: {}, signature }],
    ['a signature without end', { code, rawData, signature: 'a'.repeat(257) }],
  ]
  for (const [title, body] of bodies) {
    it(`fails with 400 when the body is ${title}, and does not ask WeChat`, async () => {
      const { taken, wechat } = await logIn(body)
      expect(failure(taken)).to.deep.equal(['ERR_WECHAT_REQUEST', 400])
      expect(wechat.requests).to.deep.equal([])
    })
  }

  for (const contentType of [
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'text/plain',
    'text/plain; application/json',
    'application/jsonp',
    '',
  ]) {
    it(`fails with 400 for a body of the type "${contentType}", even if a parser has parsed it`, async () => {
      expect(failure((await logIn({ code }, { contentType })).taken)).to.deep.equal([
        'ERR_WECHAT_REQUEST',
        400,
      ])
    })
  }

  it('accepts a charset after the type', async () => {
    expect((await logIn({ code }, { contentType: 'Application/JSON; charset=utf-8' })).taken.action).to.equal(
      'success',
    )
  })

  it('does not read the query', async () => {
    const strategy = new WechatStrategy({ mode: 'miniprogram', appId, appSecret: 'secret' }, () => undefined)
    const taken = await authenticate(
      strategy,
      requestOf({ query: { code, state: 'x' }, headers: { 'content-type': 'application/json' }, body: {} }),
    )
    expect(failure(taken)).to.deep.equal(['ERR_WECHAT_REQUEST', 400])
  })

  it('treats null members as absent, as mini-programs send them', async () => {
    expect(
      (await logIn({ code, encryptedData: null, iv: null, rawData: null, signature: null })).taken.action,
    ).to.equal('success')
  })

  const errcodes: [number, string, number][] = [
    [40029, 'ERR_WECHAT_CODE', 401],
    [40163, 'ERR_WECHAT_CODE', 401],
    [40226, 'ERR_WECHAT_BLOCKED', 403],
  ]
  for (const [errcode, expected, status] of errcodes) {
    it(`fails with ${expected} for ${errcode}`, async () => {
      const { taken } = await logIn({ code }, { session: { errcode, errmsg: 'no' } })
      expect(failure(taken)).to.deep.equal([expected, status])
    })
  }

  it('uses the unionid as id, or fails without one', async () => {
    expect(
      (await logIn({ code }, { session: { unionid }, options: { idSource: 'unionid' } })).seen?.profile.id,
    ).to.equal(unionid)
    expect(failure((await logIn({ code }, { options: { idSource: 'unionid' } })).taken)).to.deep.equal([
      'ERR_WECHAT_NO_UNIONID',
      401,
    ])
  })

  it('needs no session and does not change it', async () => {
    const wechat = new FakeWechat()
    const strategy = new WechatStrategy(
      { mode: 'miniprogram', appId, appSecret: 'secret', fetch: wechat.fetch },
      async () => ({ id: 1 }),
    )
    const session = {}
    await action(
      'success',
      authenticate(
        strategy,
        requestOf({ session, headers: { 'content-type': 'application/json' }, body: { code } }),
      ),
    )
    expect(session).to.deep.equal({})
  })
})

describe('miniProgramInput', () => {
  it('replaces the body', async () => {
    const inputs: WechatOneAppOptions['miniProgramInput'][] = [
      (req) => ({ code: String(req.headers['x-code'] ?? code) }),
      async () => ({ code }),
    ]
    for (const miniProgramInput of inputs) {
      expect(
        (
          await logIn(undefined, {
            contentType: 'text/plain',
            options: { miniProgramInput: miniProgramInput! },
          })
        ).taken.action,
      ).to.equal('success')
    }
  })

  it('is checked like a body', async () => {
    for (const input of [undefined, {}, { code: 1 }, { code, iv }]) {
      const { taken } = await logIn(
        { code },
        { options: { miniProgramInput: () => input as MiniProgramInput } },
      )
      expect(failure(taken)).to.deep.equal(['ERR_WECHAT_REQUEST', 400])
    }
  })

  it('is an error when it throws, rejects or never answers', async () => {
    const broken = new Error('broken')
    const inputs: WechatOneAppOptions['miniProgramInput'][] = [
      () => {
        throw broken
      },
      () => Promise.reject(broken),
    ]
    for (const miniProgramInput of inputs)
      expect((await logIn({}, { options: { miniProgramInput: miniProgramInput! } })).taken).to.deep.equal({
        action: 'error',
        error: broken,
      })
    const { taken } = await logIn(
      {},
      { options: { timeout: 30, miniProgramInput: () => new Promise(() => {}) } },
    )
    expect(taken)
      .to.have.property('error')
      .that.is.instanceOf(WechatError)
      .with.property('code', 'ERR_WECHAT_CONFIG')
  })
})
