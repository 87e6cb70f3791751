import { inspect } from 'node:util'
import {
  NoOAuthTokenError,
  StoreError,
  type GetTokenFunction,
  type SaveTokenFunction,
  type WechatToken,
  type WechatUser,
} from '@wechat-auth/wechat-oauth'
import { expect } from 'chai'
import sinon from 'sinon'
import { rejection } from '../../helpers/rejection.js'
import { client, code, openid, record, tokenReply, userReply } from '../../helpers/wechat-replies.js'
import { inTime } from '../../helpers/pace.js'

type Callback = (error?: unknown, token?: WechatToken | null) => void

const timeout = 100
const none = (): void => {}
const declaring = (length: number, call: (...values: unknown[]) => unknown): unknown => {
  return Object.defineProperty(call, 'length', { value: length })
}
const driverError = Object.assign(new Error("near 'SECRET'"), {
  code: 'ER_NO_SUCH_TABLE',
  errno: 1146,
  sqlState: '42S02',
  sql: "SELECT 'SECRET'",
})

const late = `The token store did not answer within ${timeout} ms`
const uncalled = (name: string): string =>
  `${name} declares a callback but did not call it within ${timeout} ms. Call it, or remove the parameter.`

const answerNull = (resolve: (value: null) => void): void => {
  resolve(null)
}

// Values that `(openid, callback) => driver.query(…, callback)` may return at once.
const handles: Record<string, () => unknown> = {
  'an object': () => ({ query: 1 }),
  'an object that looks like a record': () => record({ access_token: 'not-the-answer' }),
  'a timer': () => setImmediate(none),
  null: () => null,
  'true, as node-redis 3 does': () => true,
  'a number': () => 5,
  'a query whose then throws, as mysql2 does': () => ({
    then: () => {
      throw new Error('not a promise')
    },
  }),
  'a query that runs again when it is awaited, as mongoose does': () => ({ then: answerNull }),
  'an object that cannot be looked at': () => ({
    get then() {
      throw new Error('not a promise')
    },
  }),
}

describe('a pair of functions as token store', () => {
  const answering =
    (reply: object): typeof fetch =>
    async () =>
      Promise.resolve(Response.json(reply))

  const failed = async (promise: Promise<unknown>): Promise<StoreError> => {
    const startedAt = performance.now()
    const error = await rejection(promise, StoreError)
    expect(performance.now() - startedAt).to.be.lessThan(inTime(timeout))
    expect(error.code).to.equal('ERR_WECHAT_STORE')
    expect('cause' in error).to.equal(false)
    expect(inspect(error, { depth: 9, showHidden: true }) + JSON.stringify(error)).to.not.contain('SECRET')
    return error
  }

  describe('getToken', () => {
    const read = async (getToken: unknown): Promise<WechatUser> => {
      return client({
        fetch: answering(userReply()),
        timeout,
        getToken: getToken as GetTokenFunction,
        saveToken: none,
      }).getUser(openid)
    }

    const found: Record<string, unknown> = {
      'resolves to it': async () => record(),
      'resolves to it and declares a callback': declaring(2, async () => record()),
      'calls back at once': (_openid: string, callback: Callback) => {
        callback(null, record())
      },
      'calls back later': (_openid: string, callback: Callback) => {
        setImmediate(callback, null, record())
      },
      'calls back with undefined as error': (_openid: string, callback: Callback) => {
        setImmediate(callback, undefined, record())
      },
      'returns it': () => record(),
      'returns a thenable': () => ({
        then: (resolve: (token: WechatToken) => void) => {
          resolve(record())
        },
      }),
      'resolves to undefined, declares a callback and calls it later': async (
        _openid: string,
        callback: Callback,
      ) => {
        setTimeout(callback, 20, null, record())
      },
      'returns something else that has to do with its driver, having called back': (
        _openid: string,
        callback: Callback,
      ) => {
        callback(null, record())
        return { query: 1 }
      },
      'returns a function that is a thenable': () =>
        Object.assign(() => {}, {
          then: (resolve: (token: WechatToken) => void) => {
            resolve(record())
          },
        }),
      'is a stub that resolves': sinon.stub().resolves(record()),
      'is a stub that calls back': sinon.stub().callsArgWith(1, null, record()),
      'takes rest arguments and calls back at once': (...values: unknown[]) => {
        ;(values[1] as Callback)(null, record())
      },
      'calls back twice': (_openid: string, callback: Callback) => {
        callback(null, record())
        callback(new Error('second'))
      },
      'calls back and then rejects': async (_openid: string, callback: Callback) => {
        callback(null, record())
        return Promise.reject(new Error('second'))
      },
      'calls back and then throws': (_openid: string, callback: Callback) => {
        callback(null, record())
        throw new Error('second')
      },
      'resolves and calls back with an error later': async (_openid: string, callback: Callback) => {
        setTimeout(callback, 5, new Error('second'))
        return record()
      },
    }
    for (const [how, getToken] of Object.entries(found)) {
      it(`that ${how} has returned a token`, async () => {
        expect(await read(getToken)).to.include({ openid })
      })
    }

    for (const [what, handle] of Object.entries(handles)) {
      it(`that returns ${what} and calls back later counts when it calls back`, async () => {
        const getToken = (_openid: string, callback: Callback): unknown => {
          setImmediate(callback, null, record())
          return handle()
        }
        expect(await read(getToken)).to.include({ openid })
      })
    }

    const nothing: Record<string, unknown> = {
      'resolves to null': async () => null,
      'resolves to null and declares a callback': declaring(2, async () => null),
      'resolves to undefined and declares no callback': declaring(1, async () => {}),
      'calls back with nothing': (_openid: string, callback: Callback) => {
        callback()
      },
      'calls back with null twice': (_openid: string, callback: Callback) => {
        callback(null, null)
      },
      'returns null': () => null,
      'returns undefined and declares no callback': declaring(1, () => {}),
      'is a stub of length 0 that returns undefined': sinon.stub(),
    }
    for (const [how, getToken] of Object.entries(nothing)) {
      it(`that ${how} reports that there is no token`, async () => {
        await rejection(read(getToken), NoOAuthTokenError)
      })
    }

    const failing: Record<string, unknown> = {
      rejects: async () => Promise.reject(driverError),
      'rejects and declares a callback': declaring(2, async () => Promise.reject(driverError)),
      throws: () => {
        throw driverError
      },
      'throws and declares a callback': declaring(2, () => {
        throw driverError
      }),
      'calls back with an error': (_openid: string, callback: Callback) => {
        callback(driverError)
      },
      'calls back with an error and a token': (_openid: string, callback: Callback) => {
        callback(driverError, record())
      },
      'returns a thenable that rejects': () => ({
        then: (_resolve: unknown, reject: Callback) => {
          reject(driverError)
        },
      }),
      'returns a thenable that throws': () => ({
        then: () => {
          throw driverError
        },
      }),
    }
    for (const [how, getToken] of Object.entries(failing)) {
      it(`that ${how} has failed, with the facts of the driver`, async () => {
        expect((await failed(read(getToken))).driver).to.deep.equal({
          name: 'Error',
          code: 'ER_NO_SUCH_TABLE',
          errno: 1146,
          sqlState: '42S02',
        })
      })
    }

    const odd: Record<string, unknown> = {
      'rejects with undefined': async () => Promise.reject(undefined),
      'rejects with a text': async () => Promise.reject('SECRET'),
      'calls back with a text as error': (_openid: string, callback: Callback) => {
        callback('SECRET')
      },
      'throws null': () => {
        throw null
      },
      'never settles': async () => new Promise(none),
      'never calls back': declaring(2, () => {}),
      'returns it, declares a callback and never calls it': declaring(2, () => record()),
      'resolves to undefined, declares a callback and never calls it': declaring(2, async () => {}),
      'returns a thenable that never answers': () => ({ then: none }),
      'resolves to a text': async () => 'SECRET',
      'resolves to false': async () => false,
      'resolves to rows': async () => [record()],
      'resolves to the record of somebody else': async () =>
        record({ openid: 'oBBBBBBBBBBBBBBBBBBBBBBBBBBB' }),
    }
    for (const [how, getToken] of Object.entries(odd)) {
      it(`that ${how} has failed, within the timeout`, async () => {
        await failed(read(getToken))
      })
    }

    it('that declares a callback, resolves to undefined and does not call it is named', async () => {
      expect((await failed(read(declaring(2, async () => {})))).message).to.equal(uncalled('getToken'))
      expect((await failed(read(declaring(2, () => {})))).message).to.equal(late)
    })

    it('gets the openid and a callback, and no this', async () => {
      const getToken = sinon.stub().resolves(record())
      await read(getToken)
      sinon.assert.calledOnceWithExactly(getToken, openid, sinon.match.func)
    })
  })

  describe('saveToken', () => {
    const save = async (saveToken: unknown): Promise<WechatToken> => {
      return client({
        fetch: answering(tokenReply()),
        timeout,
        getToken: () => null,
        saveToken: saveToken as SaveTokenFunction,
      }).getAccessToken(code)
    }

    const saving: Record<string, unknown> = {
      'resolves to undefined': async () => {},
      'resolves to something': async () => ({ affectedRows: 1 }),
      'resolves to null': async () => null,
      'resolves to something and declares a callback': declaring(3, async () => ({ affectedRows: 1 })),
      'resolves to undefined, declares a callback and calls it later': declaring(3, async (...values) => {
        setImmediate(values[2] as Callback)
      }),
      'calls back at once': (_openid: string, _token: WechatToken, callback: Callback) => {
        callback()
      },
      'calls back later': (_openid: string, _token: WechatToken, callback: Callback) => {
        setImmediate(callback, null)
      },
      'returns undefined and declares no callback': declaring(2, () => {}),
      'returns something': () => true,
      'is a stub of length 0': sinon.stub(),
      'is a stub that calls back': sinon.stub().callsArg(2),
      'calls back and then rejects': async (_openid: string, _token: WechatToken, callback: Callback) => {
        callback()
        return Promise.reject(new Error('second'))
      },
      'calls back twice': (_openid: string, _token: WechatToken, callback: Callback) => {
        callback()
        callback(new Error('second'))
      },
    }
    for (const [how, saveToken] of Object.entries(saving)) {
      it(`that ${how} has saved`, async () => {
        expect(await save(saveToken)).to.include({ openid })
      })
    }

    const failing: Record<string, unknown> = {
      rejects: async () => Promise.reject(driverError),
      'rejects and declares a callback': declaring(3, async () => Promise.reject(driverError)),
      throws: () => {
        throw driverError
      },
      'calls back with an error': (_openid: string, _token: WechatToken, callback: Callback) => {
        setImmediate(callback, driverError)
      },
      'calls back with an error and then without': (
        _openid: string,
        _token: WechatToken,
        callback: Callback,
      ) => {
        callback(driverError)
        callback()
      },
    }
    for (const [how, saveToken] of Object.entries(failing)) {
      it(`that ${how} has failed, with the facts of the driver`, async () => {
        expect((await failed(save(saveToken))).driver).to.include({ code: 'ER_NO_SUCH_TABLE' })
      })
    }

    const silent: Record<string, unknown> = {
      'never settles': async () => new Promise(none),
      'never calls back': declaring(3, () => {}),
      'returns something, declares a callback and never calls it': declaring(3, () => true),
      'resolves to undefined, declares a callback and never calls it': declaring(3, async () => {}),
    }
    for (const [how, saveToken] of Object.entries(silent)) {
      it(`that ${how} has failed, within the timeout`, async () => {
        await failed(save(saveToken))
      })
    }

    it('that declares a callback, resolves to undefined and does not call it is named', async () => {
      expect((await failed(save(declaring(3, async () => {})))).message).to.equal(uncalled('saveToken'))
      expect((await failed(save(async () => new Promise(none)))).message).to.equal(late)
    })

    it('that declares a callback is waited for until it calls it', async () => {
      const events: string[] = []
      const saveToken = (_openid: string, _token: WechatToken, callback: Callback): void => {
        setTimeout(() => {
          events.push('saved')
          callback()
        }, 20)
      }
      await save(saveToken).then(() => events.push('resolved'))
      expect(events).to.deep.equal(['saved', 'resolved'])
    })

    for (const [what, handle] of Object.entries(handles)) {
      it(`that returns ${what} and calls back with an error later has failed`, async () => {
        const saveToken = (_openid: string, _token: WechatToken, callback: Callback): unknown => {
          setImmediate(callback, driverError)
          return handle()
        }
        expect((await failed(save(saveToken))).driver).to.include({ code: 'ER_NO_SUCH_TABLE' })
      })
    }

    it('that resolves to undefined and calls back with an error later has failed', async () => {
      const saveToken = declaring(3, async (...values) => {
        setImmediate(values[2] as Callback, driverError)
      })
      expect((await failed(save(saveToken))).driver).to.include({ code: 'ER_NO_SUCH_TABLE' })
    })

    it('gets the openid, the token and a callback', async () => {
      const saveToken = sinon.stub()
      const token = await save(saveToken)
      sinon.assert.calledOnceWithExactly(saveToken, openid, token, sinon.match.func)
    })
  })

  it('in the style of the older packages saves a login and reads it', async () => {
    const table = new Map<string, string>()
    const paths: string[] = []
    const oauth = client({
      fetch: async (url) => {
        const { pathname } = new URL(url as string)
        paths.push(pathname)
        return Promise.resolve(Response.json(pathname === '/sns/userinfo' ? userReply() : tokenReply()))
      },
      getToken: (key, callback) =>
        setImmediate(() => {
          callback(null, JSON.parse(table.get(key) ?? 'null') as WechatToken | null)
        }),
      saveToken: (key, token, callback) =>
        setImmediate(() => {
          table.set(key, JSON.stringify(token))
          callback(null)
        }),
    })
    await oauth.getAccessToken(code)
    expect(await oauth.getUser(openid)).to.include({ nickname: '爱丽丝🐼' })
    expect(paths).to.deep.equal(['/sns/oauth2/access_token', '/sns/userinfo'])
  })
})
