import { inspect } from 'node:util'
import * as oauth from '@wechat-auth/wechat-oauth'
import {
  NoOAuthTokenError,
  StoreError,
  WECHAT_ERRCODES,
  WechatAPIError,
  WechatDecryptError,
  WechatError,
  WechatTransportError,
} from '@wechat-auth/wechat-oauth'
import { expect } from 'chai'

const api = (fields: Partial<ConstructorParameters<typeof WechatAPIError>[0]> = {}): WechatAPIError =>
  new WechatAPIError({
    errcode: 40029,
    errmsg: 'invalid code',
    requestId: undefined,
    endpoint: '/sns/auth',
    kind: 'code',
    ...fields,
  })

const all: [error: WechatError, name: string, code: string, status: number][] = [
  [new WechatError('ERR_WECHAT_CONFIG', 'wrong'), 'WechatError', 'ERR_WECHAT_CONFIG', 500],
  [api(), 'WechatAPIError', 'ERR_WECHAT_API', 500],
  [api({ kind: 'rate' }), 'WechatAPIError', 'ERR_WECHAT_API', 503],
  [api({ kind: 'busy' }), 'WechatAPIError', 'ERR_WECHAT_API', 503],
  [api({ kind: 'session', code: 'ERR_WECHAT_SESSION_KEY' }), 'WechatAPIError', 'ERR_WECHAT_SESSION_KEY', 500],
  [
    new WechatTransportError('ERR_WECHAT_TIMEOUT', '/sns/auth', 'm'),
    'WechatTransportError',
    'ERR_WECHAT_TIMEOUT',
    504,
  ],
  [
    new WechatTransportError('ERR_WECHAT_NETWORK', '/sns/auth', 'm', 'ECONNRESET'),
    'WechatTransportError',
    'ERR_WECHAT_NETWORK',
    502,
  ],
  [
    new WechatTransportError('ERR_WECHAT_STATUS', '/sns/auth', 'm'),
    'WechatTransportError',
    'ERR_WECHAT_STATUS',
    502,
  ],
  [
    new WechatTransportError('ERR_WECHAT_RESPONSE', '/sns/auth', 'm'),
    'WechatTransportError',
    'ERR_WECHAT_RESPONSE',
    502,
  ],
  [new NoOAuthTokenError('oX'), 'NoOAuthTokenError', 'ERR_WECHAT_NO_TOKEN', 500],
  [new WechatDecryptError('m'), 'WechatDecryptError', 'ERR_WECHAT_DECRYPT', 500],
  [
    new WechatDecryptError('m', 'data', 'ERR_WECHAT_SESSION_KEY'),
    'WechatDecryptError',
    'ERR_WECHAT_SESSION_KEY',
    500,
  ],
  [new StoreError('m'), 'StoreError', 'ERR_WECHAT_STORE', 500],
  [new StoreError('m', { code: 'ERR_WECHAT_LOCK' }), 'StoreError', 'ERR_WECHAT_LOCK', 500],
]

describe('errors', () => {
  for (const [error, name, code, status] of all) {
    it(`${name} with ${code} (${status}) is a WechatError under its own name`, () => {
      expect(error).to.be.an.instanceOf(WechatError)
      expect(error).to.be.an.instanceOf(Error)
      const { code: ownCode, status: ownStatus, statusCode } = error
      expect([error.name, ownCode, ownStatus, statusCode]).to.deep.equal([name, code, status, status])
      expect(error.expose).to.equal(false)
      expect(error.stack).to.match(new RegExp(`^${name}: `))
      expect(Object.keys(error)).to.not.contain.oneOf(['name', 'statusCode', 'expose'])
      expect(inspect(error))
        .to.contain('status: ')
        .and.not.match(/statusCode|expose/)
      expect('cause' in error).to.equal(false)
    })
  }

  it('NoOAuthTokenError says what the older packages said', () => {
    expect(new NoOAuthTokenError('oX').message).to.equal('No token for oX, please authorize first.')
  })

  it('WechatAPIError has errcode, errmsg, request id, path and kind', () => {
    const { errcode, errmsg, requestId, endpoint, kind, message } = api({ requestId: 'r' })
    expect({ errcode, errmsg, requestId, endpoint, kind, message }).to.deep.equal({
      errcode: 40029,
      errmsg: 'invalid code',
      requestId: 'r',
      endpoint: '/sns/auth',
      kind: 'code',
      message: '/sns/auth returned 40029 invalid code',
    })
  })
})

describe('StoreError', () => {
  it('is exported under its old name as well', () => {
    expect(Reflect.get(oauth, 'TokenStoreError')).to.equal(StoreError)
  })

  const driverError = Object.assign(new Error("Duplicate entry 'SECRET' for key"), {
    name: 'MongoServerError',
    code: 'ER_DUP_ENTRY',
    errno: 1062,
    sqlState: '23000',
    sql: "INSERT 'SECRET'",
    sqlMessage: 'SECRET',
    parameters: ['SECRET'],
    cause: 'SECRET',
  })

  it('has the facts of the driver, without statement, values, message or cause', () => {
    const error = new StoreError('failed', { error: driverError })
    expect(error.driver).to.deep.equal({
      name: 'MongoServerError',
      code: 'ER_DUP_ENTRY',
      errno: 1062,
      sqlState: '23000',
    })
    expect(error.cause).to.equal(undefined)
    expect(
      inspect(error, { depth: 9, showHidden: true }) + JSON.stringify(error) + String(error.stack),
    ).to.not.contain('SECRET')
  })

  it("has a numeric code, such as MongoDB's", () => {
    expect(new StoreError('failed', { error: { code: 11000 } }).driver).to.deep.equal({ code: 11000 })
  })

  it('has no fact that is not a plain word or number', () => {
    const error = { name: "a 'SECRET'", code: 'SECRET with blanks', errno: 'SECRET', sqlState: { SECRET: 1 } }
    expect(new StoreError('failed', { error }).driver).to.deep.equal({})
  })

  for (const error of [undefined, null, 'SECRET', 5]) {
    it(`has no facts if ${String(error)} was thrown`, () => {
      expect(new StoreError('failed', { error }).driver).to.equal(undefined)
    })
  }

  it('survives a driver error whose properties throw', () => {
    const error = {
      name: 'DriverError',
      get code(): never {
        throw new Error('SECRET')
      },
    }
    expect(new StoreError('failed', { error }).driver).to.deep.equal({})
  })
})

describe('WECHAT_ERRCODES', () => {
  const kinds = [
    'code',
    'token',
    'refresh',
    'session',
    'scope',
    'denied',
    'user',
    'rate',
    'busy',
    'config',
    'unknown',
  ]

  it('gives every errcode a text and one of the known kinds', () => {
    for (const [errcode, { message, kind }] of Object.entries(WECHAT_ERRCODES)) {
      expect(message, errcode).to.be.a('string').that.is.not.empty
      expect(kinds, errcode).to.include(kind)
    }
  })

  it('cannot be changed', () => {
    expect(Object.isFrozen(WECHAT_ERRCODES)).to.equal(true)
    expect(Object.isFrozen(WECHAT_ERRCODES[40029])).to.equal(true)
  })
})

describe('an error of these packages', () => {
  it('lets error handlers write statusCode and expose, as http-errors does', () => {
    const error = new WechatError('ERR_WECHAT_CONFIG', 'wrong')
    error.statusCode = 503
    error.expose = true
    expect([error.status, error.statusCode, error.expose]).to.deep.equal([500, 503, true])
  })
})
