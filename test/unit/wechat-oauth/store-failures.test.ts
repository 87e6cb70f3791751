import { randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import {
  encryptedTokenStore,
  MemoryTokenStore,
  StoreError,
  WechatDecryptError,
  WechatError,
  type EncryptionKey,
  type TokenStore,
  type WechatOAuth,
  type WechatToken,
} from '@wechat-auth/wechat-oauth'
import { corruptRecord } from '@wechat-auth/wechat-oauth/store-kit'
import { expect } from 'chai'
import sinon from 'sinon'
import { rejection } from '../../helpers/rejection.js'
import {
  client,
  code,
  now,
  openid,
  record,
  sessionReply,
  tokenReply,
  unionid,
  userReply,
} from '../../helpers/wechat-replies.js'
import { inTime } from '../../helpers/pace.js'

const timeout = 100
const never = new Promise<never>(() => {})
const replies: Record<string, object> = {
  '/sns/oauth2/access_token': tokenReply(),
  '/sns/oauth2/refresh_token': tokenReply(),
  '/sns/userinfo': userReply({ unionid }),
  '/sns/jscode2session': sessionReply(),
}
const fetching: typeof fetch = async (url) =>
  Promise.resolve(Response.json(replies[new URL(url as string).pathname]))
const oauthWith = (tokenStore: TokenStore): WechatOAuth => client({ fetch: fetching, timeout, tokenStore })

const driverError = Object.assign(new Error("Duplicate entry 'SECRET'"), {
  code: 'ER_DUP_ENTRY',
  errno: 1062,
  sqlState: '23000',
  sql: "REPLACE INTO token VALUES ('SECRET')",
})
const failures: Record<string, () => unknown> = {
  rejects: async () => Promise.reject(driverError),
  throws: () => {
    throw driverError
  },
  'rejects with a text': async () => Promise.reject('SECRET'),
  'rejects with nothing': async () => Promise.reject(undefined),
  'rejects with a StoreError': async () =>
    Promise.reject(new StoreError('The database is down.', { error: driverError })),
  'never answers': async () => never,
}

const reading: Record<string, (oauth: WechatOAuth) => Promise<unknown>> = {
  getAccessToken: async (oauth) => oauth.getAccessToken(code),
  refreshAccessToken: async (oauth) => oauth.refreshAccessToken('r'),
  getUser: async (oauth) => oauth.getUser(openid),
  getUserByCode: async (oauth) => oauth.getUserByCode(code),
  code2Session: async (oauth) => oauth.code2Session(code),
  decryptForUser: async (oauth) => oauth.decryptForUser(openid, { encryptedData: 'AAAA', iv: 'AAAA' }),
}
const saving = Object.entries(reading).filter(([method]) => method !== 'decryptForUser')

describe('a token store that fails', () => {
  const check = async (call: Promise<unknown>): Promise<StoreError> => {
    const startedAt = performance.now()
    const error = await rejection(call, StoreError)
    expect(performance.now() - startedAt).to.be.lessThan(inTime(2 * timeout))
    expect(error.code).to.equal('ERR_WECHAT_STORE')
    expect('cause' in error).to.equal(false)
    expect(
      [error.stack, JSON.stringify(error), inspect(error, { depth: 9, showHidden: true })].join(),
    ).to.not.contain('SECRET')
    return error
  }

  for (const [how, fail] of Object.entries(failures)) {
    for (const [method, call] of Object.entries(reading)) {
      it(`because getToken ${how} makes ${method} reject with ERR_WECHAT_STORE`, async () => {
        const error = await check(
          call(oauthWith({ getToken: fail as TokenStore['getToken'], saveToken: async () => {} })),
        )
        if (how === 'rejects' || how === 'throws')
          expect(error.driver).to.include({ code: 'ER_DUP_ENTRY', errno: 1062, sqlState: '23000' })
        if (how.endsWith('StoreError')) expect(error.message).to.equal('The database is down.')
      })
    }

    for (const [method, call] of saving) {
      it(`because saveToken ${how} makes ${method} reject with ERR_WECHAT_STORE`, async () => {
        const expired = record({ create_at: now - 7_200_000 })
        await check(
          call(oauthWith({ getToken: async () => expired, saveToken: fail as TokenStore['saveToken'] })),
        )
      })
    }
  }

  for (const [how, fail] of Object.entries(failures)) {
    for (const method of ['getToken', 'saveToken'] as const) {
      it(`because ${method} ${how} does not withhold the user's data: the logger hears once about the unionid`, async () => {
        const warn = sinon.stub()
        const sound: TokenStore = {
          getToken: async () => Promise.resolve(record()),
          saveToken: async () => {},
        }
        const logger = { debug: () => {}, warn }
        const oauth = client({ fetch: fetching, timeout, tokenStore: { ...sound, [method]: fail }, logger })
        const users = await Promise.all([oauth.getUserByToken(record()), oauth.getUserByToken(record())])
        for (const user of users) expect(user).to.deep.equal(userReply({ unionid }))
        sinon.assert.calledOnceWithMatch(warn, /unionid/, { code: 'ERR_WECHAT_STORE' })
        expect(JSON.stringify(warn.args)).to.not.match(/SECRET|70_|oAAA|oUUU|stored-/)
      })
    }
  }

  it('by being slow to read does not save after the caller has been told that it failed', async () => {
    let answer: (token: undefined) => void = () => {}
    let saved = 0
    const store: TokenStore = {
      getToken: async () =>
        new Promise((resolve) => {
          answer = resolve
        }),
      saveToken: async () => {
        saved += 1
      },
    }
    await check(oauthWith(store).getAccessToken(code))
    answer(undefined)
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
    expect(saved).to.equal(0)
  })

  it('for many calls at once rejects all of them before the deadline, and does not run those that were given up', async () => {
    let visits = 0
    const store: TokenStore = {
      getToken: async () => {
        visits += 1
        return never
      },
      saveToken: async () => {},
    }
    const oauth = oauthWith(store)
    await Promise.all(Array.from({ length: 50 }, async () => check(oauth.getAccessToken(code))))
    await new Promise((resolve) => setTimeout(resolve, 2 * timeout))
    expect(visits).to.be.lessThan(3)
  })

  it('for one user does not hold up another', async () => {
    const store: TokenStore = {
      getToken: async (key) => (key === openid ? never : undefined),
      saveToken: async () => {},
    }
    const oauth = client({
      timeout,
      tokenStore: store,
      fetch: async (url) =>
        Promise.resolve(
          Response.json(tokenReply({ openid: new URL(url as string).searchParams.get('code') })),
        ),
    })
    const stuck = check(oauth.getAccessToken(openid))
    await oauth.getAccessToken('oBBBBBBBBBBBBBBBBBBBBBBBBBBB')
    await stuck
  })

  it('once is good again for the next call', async () => {
    let calls = 0
    const oauth = oauthWith({
      getToken: async () => (calls++ === 0 ? Promise.reject(driverError) : undefined),
      saveToken: async () => {},
    })
    await check(oauth.getAccessToken(code))
    expect(await oauth.getAccessToken(code)).to.include({ openid })
  })
})

describe('a record that cannot be used', () => {
  const answering = (value: unknown) => async (): Promise<WechatToken> =>
    Promise.resolve(value as WechatToken)
  const rejecting = (error: unknown) => async (): Promise<never> => Promise.reject(error)
  const foreign = Object.assign(new Error('SECRET'), { code: 'ERR_WECHAT_STORE', reason: 'record' })
  const parse = (): WechatToken => {
    try {
      return JSON.parse('{"access_token":"SECRET') as WechatToken
    } catch {
      throw corruptRecord()
    }
  }
  const others = record({ openid: 'oBBBBBBBBBBBBBBBBBBBBBBBBBBB', access_token: 'SECRET' })
  const unusable: Record<string, TokenStore['getToken']> = {
    'a text': answering('SECRET'),
    'an empty text': answering(''),
    'a number': answering(5),
    true: answering(true),
    false: answering(false),
    'a list': answering([]),
    'a list of records': answering([record()]),
    'the record of another user': answering(others),
    'the record of a user whose openid differs in case': answering(record({ openid: openid.toLowerCase() })),
    'what store-kit calls corrupt': rejecting(corruptRecord()),
    'what a store says cannot be used': rejecting(new StoreError('Not a record.', { reason: 'record' })),
    'what a store with another copy of this package says cannot be used': rejecting(foreign),
    'JSON that is cut off, to a function that says so': async () => Promise.resolve().then(parse),
    'a value that does not open': rejecting(new WechatDecryptError('It does not open.', 'stored')),
  }

  interface Scene {
    oauth: WechatOAuth
    saved: WechatToken[]
    warn: sinon.SinonStub
  }
  const sceneWith = (getToken: TokenStore['getToken']): Scene => {
    const saved: WechatToken[] = []
    const warn = sinon.stub()
    const store: TokenStore = {
      getToken,
      saveToken: async (_key, token) => {
        saved.push(token)
      },
    }
    const logger = { debug: () => {}, warn }
    return { oauth: client({ fetch: fetching, timeout, tokenStore: store, logger }), saved, warn }
  }

  for (const [what, getToken] of Object.entries(unusable)) {
    it(`(${what}) is replaced by a login, and the logger hears of it, without values`, async () => {
      const { oauth, saved, warn } = sceneWith(getToken)
      const logins = [await oauth.getAccessToken(code), await oauth.code2Session(code)]
      expect(saved).to.deep.equal(logins)
      sinon.assert.calledTwice(warn)
      for (const { args } of warn.getCalls()) {
        expect(args[0]).to.match(/cannot be used/)
        expect(JSON.stringify(args)).to.not.match(/SECRET|70_|oAAA|stored-/)
      }
    })

    it(`(${what}) makes everything else reject, and stays`, async () => {
      const { oauth, saved, warn } = sceneWith(getToken)
      const calls = {
        getUser: oauth.getUser(openid),
        refreshAccessToken: oauth.refreshAccessToken('r'),
        decryptForUser: oauth.decryptForUser(openid, { encryptedData: 'AAAA', iv: 'AAAA' }),
        checkSession: oauth.checkSession(openid),
      }
      for (const [method, call] of Object.entries(calls)) {
        const error = await rejection(call, WechatError)
        expect(error, method).to.include(
          what === 'a value that does not open'
            ? { name: 'WechatDecryptError', code: 'ERR_WECHAT_DECRYPT', reason: 'stored' }
            : { name: 'StoreError', code: 'ERR_WECHAT_STORE', reason: 'record' },
        )
        const shown = [
          error.stack,
          JSON.stringify(error),
          inspect(error, { depth: 9, showHidden: true }),
        ].join()
        expect(shown).to.not.contain('SECRET')
      }
      expect(saved).to.deep.equal([])
      sinon.assert.notCalled(warn)
    })
  }

  it('does not withhold the data of the user, and the logger hears about it', async () => {
    const { oauth, saved, warn } = sceneWith(answering('text'))
    expect(await oauth.getUserByToken(record())).to.include({ unionid })
    expect(saved).to.deep.equal([])
    sinon.assert.calledOnceWithMatch(warn, /unionid/, { code: 'ERR_WECHAT_STORE', reason: 'record' })
  })

  it('is told from a backend that failed', () => {
    expect(new StoreError('The database is down.', { error: driverError }).reason).to.equal(undefined)
    expect(corruptRecord()).to.include({ code: 'ERR_WECHAT_STORE', reason: 'record' })
  })

  it('is told from a reply that is not JSON, as a gateway sends it, which a login does not overwrite', async () => {
    const { oauth, saved } = sceneWith(
      async () => new Response('<h1>502 SECRET</h1>', { status: 502 }).json() as Promise<WechatToken>,
    )
    for (const call of [oauth.getAccessToken(code), oauth.code2Session(code), oauth.getUser(openid)]) {
      const error = await rejection(call, StoreError)
      expect(error).to.include({ code: 'ERR_WECHAT_STORE', reason: undefined })
      expect(error.driver).to.deep.equal({ name: 'SyntaxError' })
      expect(inspect(error, { depth: 9, showHidden: true })).to.not.contain('SECRET')
    }
    expect(saved).to.deep.equal([])
  })

  it('is told by a pair of functions too, with a callback', async () => {
    const saved: WechatToken[] = []
    const oauth = client({
      fetch: fetching,
      getToken: (_key, callback) => {
        try {
          callback(null, parse())
        } catch (error) {
          callback(error)
        }
      },
      saveToken: (_key, token) => {
        saved.push(token)
      },
    })
    expect(await oauth.getAccessToken(code)).to.equal(saved[0])
  })

  it('makes a login reject if it cannot be replaced', async () => {
    const store = { getToken: answering('text'), saveToken: rejecting(driverError) }
    const error = await rejection(oauthWith(store).getAccessToken(code), StoreError)
    expect(error).to.include({ code: 'ERR_WECHAT_STORE', reason: undefined })
  })

  it('for want of a key that is lost is replaced by a login, also a silent one', async () => {
    const memory = new MemoryTokenStore()
    const key = (id: string): EncryptionKey => ({ id, key: randomBytes(32) })
    await encryptedTokenStore(memory, { keys: [key('lost')] }).saveToken(openid, record())
    const tokenStore = encryptedTokenStore(memory, { keys: [key('new')] })
    const silently: typeof fetch = async () =>
      Promise.resolve(Response.json(tokenReply({ scope: 'snsapi_base' })))
    const oauth = client({ fetch: silently, tokenStore })
    await rejection(oauth.getUser(openid), WechatDecryptError)
    const token = await oauth.getAccessToken(code)
    expect(await tokenStore.getToken(openid)).to.deep.equal(token)
  })
})

describe('a token store', () => {
  it('that answers without promises is as good as any', async () => {
    const table = new Map<string, WechatToken>()
    const store = {
      getToken: (key: string) => table.get(key),
      saveToken: (key: string, token: WechatToken) => {
        table.set(key, token)
      },
    }
    const oauth = oauthWith(store as unknown as TokenStore)
    await oauth.getAccessToken(code)
    expect(await oauth.getUser(openid)).to.include({ unionid })
    expect(table.get(openid)).to.include({ unionid })
  })

  it('is called as a method of its object', async () => {
    class Store {
      readonly table = new Map<string, WechatToken>()
      async getToken(key: string): Promise<WechatToken | undefined> {
        return this.table.get(key)
      }
      async saveToken(key: string, token: WechatToken): Promise<void> {
        this.table.set(key, token)
      }
    }
    await oauthWith(new Store()).getAccessToken(code)
  })
})
