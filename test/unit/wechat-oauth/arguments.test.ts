import { inspect } from 'node:util'
import { type WechatOAuth } from '@wechat-auth/wechat-oauth'
import { expect } from 'chai'
import sinon from 'sinon'
import { rejection, thrown } from '../../helpers/rejection.js'
import { client, now, openid, record } from '../../helpers/wechat-replies.js'

const noText = [undefined, null, '', 5, true, {}, [], ['x'], 'a\ud800', 'x'.repeat(4097)]
const noCode = [...noText, 'a b', 'a\n', 'cödé', 'x'.repeat(513)]
const noOpenid = [
  ...noText,
  'client:wx1',
  'x'.repeat(129),
  '../x',
  'a/b',
  'a\\b',
  'a.b',
  'a b',
  'a\n',
  'ö',
  'a\0',
]
const token = (fields: object): unknown => ({ openid, access_token: 'a', create_at: now, ...fields })
const mini = { sessionKey: 'tiihtNczf5v6AKRyjwEUhQ==', encryptedData: 'AAAA', iv: 'r7BXXKkLb8qrSNn05n0qiA==' }
const signed = { rawData: '{}', signature: 'a'.repeat(40), sessionKey: 'k' }
const noData = noText.filter((value) => typeof value !== 'string' || value.length < 4097)

const rejecting: [method: keyof WechatOAuth, wrong: unknown[][]][] = [
  ['getAccessToken', noCode.map((value) => [value])],
  ['code2Session', noCode.map((value) => [value])],
  [
    'getUserByCode',
    [
      ...noCode,
      ...noCode.map((code) => ({ code })),
      { code: 'good', lang: 5 },
      { code: 'good', lang: '' },
    ].map((value) => [value]),
  ],
  ['refreshAccessToken', noText.map((value) => [value])],
  [
    'getUser',
    [
      ...noOpenid,
      ...noOpenid.map((value) => ({ openid: value })),
      ...[5, '', {}, 'a\ud800'].map((lang) => ({ openid, lang })),
    ].map((value) => [value]),
  ],
  ['verifyToken', [...noOpenid.map((value) => [value, 'a']), ...noText.map((value) => [openid, value])]],
  [
    'getUserByToken',
    [
      ...[undefined, null, 5, 'token', {}].map((value) => [value]),
      ...noOpenid.map((value) => [token({ openid: value })]),
      ...[5, true, {}, 'a\ud800', 'x'.repeat(4097)].map((value) => [token({ access_token: value })]),
      ...[5, '', {}].map((lang) => [record(), { lang }]),
    ],
  ],
  [
    'decryptForUser',
    [
      ...noOpenid.map((value) => [value, mini]),
      [openid],
      [openid, null],
      [openid, {}],
      ...noData.map((value) => [openid, { ...mini, encryptedData: value }]),
      ...noText.map((value) => [openid, { ...mini, iv: value }]),
    ],
  ],
]
const throwing: [method: keyof WechatOAuth, wrong: unknown[]][] = [
  [
    'decryptMiniProgramUser',
    [
      undefined,
      null,
      'x',
      {},
      ...noText.flatMap((value) => [
        { ...mini, sessionKey: value },
        { ...mini, iv: value },
      ]),
      ...noData.map((value) => ({ ...mini, encryptedData: value })),
      { ...mini, encryptedData: 'A'.repeat(1024 * 1024 + 4) },
    ],
  ],
  [
    'verifyUserSignature',
    [
      undefined,
      null,
      'x',
      {},
      ...noText.flatMap((value) => [
        { ...signed, sessionKey: value },
        { ...signed, signature: value },
      ]),
      ...noData.map((value) => ({ ...signed, rawData: value })),
      { ...signed, rawData: 'A'.repeat(1024 * 1024 + 1) },
    ],
  ],
]

describe('wrong arguments', () => {
  const fetching = sinon.stub().rejects(new Error('not to be called'))
  const call = (method: keyof WechatOAuth, values: unknown[]): unknown => {
    const tokenStore = {
      getToken: async () => record({ session_key: mini.sessionKey }),
      saveToken: async () => {},
    }
    const oauth = client({ fetch: fetching as typeof fetch, tokenStore })
    return (oauth as unknown as Record<string, (...all: unknown[]) => unknown>)[method]!(...values)
  }

  for (const [method, wrong] of rejecting) {
    it(`of ${method} reject with a TypeError, without a request (${wrong.length} cases)`, async () => {
      for (const values of wrong) {
        const promise = call(method, values)
        expect(promise).to.be.an.instanceOf(Promise)
        const error = await rejection(promise as Promise<unknown>, TypeError)
        expect(error.message, JSON.stringify(values)).to.not.contain('\ud800')
      }
      sinon.assert.notCalled(fetching)
    })
  }

  for (const [method, wrong] of throwing) {
    it(`of ${method} throw a TypeError (${wrong.length} cases)`, () => {
      for (const value of wrong)
        expect(
          thrown(() => call(method, [value])),
          inspect(value),
        ).to.be.an.instanceOf(TypeError)
    })
  }

  it('are named', async () => {
    expect(await rejection(call('getAccessToken', ['']) as Promise<unknown>))
      .to.have.property('message')
      .that.matches(/\bcode\b/)
    expect(await rejection(call('verifyToken', ['', 'a']) as Promise<unknown>))
      .to.have.property('message')
      .that.matches(/\bopenid\b/)
    expect(await rejection(call('verifyToken', [openid, '']) as Promise<unknown>))
      .to.have.property('message')
      .that.matches(/\baccessToken\b/)
    expect(await rejection(call('refreshAccessToken', ['']) as Promise<unknown>))
      .to.have.property('message')
      .that.matches(/\brefreshToken\b/)
    expect(await rejection(call('getUser', [{ openid, lang: 5 }]) as Promise<unknown>))
      .to.have.property('message')
      .that.matches(/\blang\b/)
  })

  it('are sent if they are the longest or shortest valid ones', async () => {
    const oauth = client({ fetch: async () => Promise.resolve(Response.json({ errcode: 40029 })) })
    for (const code of ['x', 'x'.repeat(512), '!"#$%&+/=?~']) {
      expect(await rejection(oauth.getAccessToken(code))).to.include({ errcode: 40029 })
    }
  })
})
