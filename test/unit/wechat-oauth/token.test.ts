import { isTokenValid, type WechatToken } from '@wechat-auth/wechat-oauth'
import { expect } from 'chai'
import sinon from 'sinon'
import { json, startLoopbackServer, type LoopbackServer } from '../../helpers/loopback-server.js'
import { client, now, openid, record, tokenReply, userReply } from '../../helpers/wechat-replies.js'

const token = (fields: Record<string, unknown> = {}): WechatToken => ({
  openid,
  access_token: 'a',
  expires_in: 7200,
  create_at: now,
  ...fields,
})

describe('isTokenValid', () => {
  afterEach(() => {
    sinon.restore()
  })

  const cases: [what: string, token: WechatToken | null | undefined, at: number, valid: boolean][] = [
    ['at the time of the login', token(), now, true],
    ['a minute and a millisecond before the end', token(), now + 7_140_000 - 1, true],
    ['from a minute before the end', token(), now + 7_140_000, false],
    ['at the end', token(), now + 7_200_000, false],
    [
      'where the numbers are texts',
      token({ expires_in: '7200', create_at: String(now) }),
      now + 7_140_000 - 1,
      true,
    ],
    [
      'where the numbers are texts, after the end',
      token({ expires_in: '7200', create_at: String(now) }),
      now + 7_140_000,
      false,
    ],
    ['where they are bigints', token({ expires_in: 7200n, create_at: BigInt(now) }), now, true],
    ['with created_at if create_at is missing', token({ create_at: undefined, created_at: now }), now, true],
    [
      'with created_at as text',
      token({ create_at: undefined, created_at: String(now) }),
      now + 7_140_000,
      false,
    ],
    ['with both, of which create_at counts', token({ created_at: now + 1e9 }), now + 7_140_000, false],
    ['without a time', token({ create_at: undefined }), now, false],
    ['with a time that is not a number', token({ create_at: 'yesterday' }), now, false],
    ['without a lifetime', token({ expires_in: undefined }), now, false],
    ['with a lifetime that is not a number', token({ expires_in: 'soon' }), now, false],
    [
      'four minutes before the time of the login, as clocks differ',
      token({ create_at: now + 240_000 }),
      now,
      true,
    ],
    ['more than four minutes before the time of the login', token({ create_at: now + 240_001 }), now, false],
    [
      'eight hours before the time of the login, kept as text',
      token({ create_at: String(now + 8 * 3_600_000) }),
      now,
      false,
    ],
    ['without an access token', token({ access_token: undefined }), now, false],
    ['with an empty access token', token({ access_token: '' }), now, false],
    ['of nothing', undefined, now, false],
    ['of null', null, now, false],
  ]
  for (const [what, subject, at, valid] of cases) {
    it(`is ${valid} ${what}`, () => {
      expect(isTokenValid(subject, at)).to.equal(valid)
    })
  }

  it('asks the clock if no time is given', () => {
    sinon.useFakeTimers({ now: now + 7_140_000, toFake: ['Date'] })
    expect(isTokenValid(token())).to.equal(false)
    expect(isTokenValid(token({ create_at: now + 1 }))).to.equal(true)
  })
})

describe('a record as an older table keeps it', () => {
  let server: LoopbackServer
  before(async () => {
    server = await startLoopbackServer()
  })
  after(async () => server.close())

  // The MySQL recipe: every column a text, unused ones empty.
  const row = (fields: Record<string, unknown> = {}): unknown => ({
    openid,
    access_token: 'text-access',
    expires_in: '7200',
    refresh_token: 'text-refresh',
    scope: 'snsapi_userinfo',
    create_at: String(now - 1000),
    ...fields,
  })
  const getUserWith = async (stored: unknown): Promise<{ paths: string[]; saved: WechatToken[] }> => {
    const saved: WechatToken[] = []
    server.answerByPath({
      '/sns/userinfo': json(userReply()),
      '/sns/oauth2/refresh_token': json(tokenReply({ access_token: 'new-access' })),
    })
    await client({
      endpoints: server.url,
      getToken: () => stored,
      saveToken: (_key, token) => {
        saved.push(token)
      },
    }).getUser(openid)
    return { paths: server.paths, saved }
  }
  const refreshed = ['/sns/oauth2/refresh_token', '/sns/userinfo']

  it('in texts is used while it is valid', async () => {
    expect((await getUserWith(row())).paths).to.deep.equal(['/sns/userinfo'])
    expect(server.requests[0]?.query).to.include({ access_token: 'text-access' })
  })

  it('in texts is refreshed when it is not, and saved with numbers', async () => {
    const { paths, saved } = await getUserWith(row({ create_at: String(now - 7_200_000) }))
    expect(paths).to.deep.equal(refreshed)
    expect(saved).to.have.lengthOf(1)
    expect(saved[0]).to.include({ access_token: 'new-access', expires_in: 7200, create_at: now })
  })

  it('a month later is refreshed once', async () => {
    expect((await getUserWith(row({ create_at: String(now - 30 * 24 * 3600 * 1000) }))).paths).to.deep.equal(
      refreshed,
    )
  })

  it('with created_at is used while it is valid, and saved with create_at', async () => {
    expect((await getUserWith(row({ create_at: undefined, created_at: now - 1000 }))).paths).to.deep.equal([
      '/sns/userinfo',
    ])
    const { saved } = await getUserWith(row({ create_at: undefined, created_at: now - 7_200_000 }))
    expect(saved[0]).to.include({ create_at: now }).and.not.have.property('created_at')
  })

  it('with empty texts has no such fields', async () => {
    const { saved } = await getUserWith(row({ create_at: '0', unionid: '', session_key: '' }))
    expect(saved[0]).to.not.have.any.keys('unionid', 'session_key')
  })

  it('without its openid is a record all the same', async () => {
    expect((await getUserWith(row({ openid: undefined }))).paths).to.deep.equal(['/sns/userinfo'])
  })

  it('as a document of a database mapper, whose fields are getters, is read', async () => {
    class Document {
      readonly #fields = record({ create_at: now - 7_200_000, mine: 1 })
      get openid(): string {
        return this.#fields.openid
      }
      get access_token(): string | undefined {
        return this.#fields.access_token
      }
      toObject(): object {
        return { ...this.#fields, _id: 'x' }
      }
    }
    const { paths, saved } = await getUserWith(new Document())
    expect(paths).to.deep.equal(refreshed)
    expect(saved[0]).to.include({ openid, access_token: 'new-access', mine: 1 })
  })
})
