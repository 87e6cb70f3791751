import { createHash } from 'node:crypto'
import { Agent as HttpsAgent } from 'node:https'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { inherits, inspect } from 'node:util'
import { OAuth } from '@wechat-auth/wechat-oauth/compat'
import type { OAuthError } from '@wechat-auth/wechat-oauth/compat'
import { startSandbox, type AppType, type Sandbox } from '@wechat-auth/wechat-sandbox'
import { expect } from 'chai'
import { Agent, buildConnector, fetch as undiciFetch } from 'undici'
import { run } from '../../helpers/run.js'
import { isLongRun } from '../../helpers/long.js'
import { competitors } from '../../services/competitors.js'

type Implementation = 'old' | 'ours'
type Token = Record<string, unknown>
type Get = (
  this: unknown,
  openid: string,
  callback: (error?: unknown, token?: Token | null) => void,
) => unknown
type Save = (this: unknown, openid: string, token: Token, callback: (error?: unknown) => void) => unknown
type Callback = (error: OAuthError | null, ...results: unknown[]) => void

/** The members that both classes have. */
interface AnyOAuth {
  defaults: object
  store: Record<string, Token | undefined>
  getToken: Get
  saveToken: Save
  _getUser: (options: object, token: unknown, callback: Callback) => void
  setOpts: (options: object) => void
  getAuthorizeURL: (...values: unknown[]) => string
  getAuthorizeURLForWebsite: (...values: unknown[]) => string
  getAccessToken: (code: unknown, callback: Callback) => void
  getSessionKey: (code: unknown, callback: Callback) => void
  refreshAccessToken: (token: unknown, callback: Callback) => void
  getUser: (user: unknown, callback: Callback) => void
  verifyToken: (openid: unknown, token: unknown, callback: Callback) => void
  getUserByCode: (code: unknown, callback: Callback) => void
  decryptMiniProgramUser: (data: object) => Record<string, unknown>
}
type AnyOAuthClass = new (
  appid: string,
  secret: string,
  getToken?: Get | null,
  saveToken?: Save | null,
  isMiniProgram?: boolean,
) => AnyOAuth

/** One of the two, with an official account of the sandbox. */
interface Setting {
  OAuth: AnyOAuthClass
  sandbox: Sandbox
  secret: string
  /** How long to wait for a callback that may never come, in milliseconds. For ours, longer than it can take. */
  patience: number
  make: (type?: AppType, getToken?: Get | null, saveToken?: Save | null) => AnyOAuth
  code: (fields?: { scope?: string }) => string
  /** A record of a user who logged in; `age` in seconds. */
  record: (
    age?: number,
    fields?: Token,
  ) => Promise<Token & { openid: string; access_token: string; refresh_token: string }>
  mini: { appId: string; user: string }
}

interface Case {
  behaviour: string
  run: (setting: Setting) => unknown
  /** What both do … */
  both?: unknown
  /** … or where they differ, and why. */
  old?: unknown
  ours?: unknown
  reason?: string
}

const exchange = '/sns/oauth2/access_token'
const refresh = '/sns/oauth2/refresh_token'
const userinfo = '/sns/userinfo'

/** The first call of a callback. */
async function outcome(start: (callback: Callback) => void): Promise<[OAuthError | null, ...unknown[]]> {
  return new Promise((resolve) => {
    start((...values) => {
      resolve(values)
    })
  })
}

/** The same in words: the fields of an error that applications read, the field names of a token, the name of a user. */
async function told(start: (callback: Callback) => void): Promise<unknown> {
  const [error, result] = await outcome(start)
  return error ? facts(error) : brief(result)
}

function facts({ name, message, code }: OAuthError): unknown {
  return { name, message: message.replace(/, rid: .*$/, ''), code }
}

function brief(result: unknown): unknown {
  const { data, nickname, nickName } = result as { data?: Token; nickname?: string; nickName?: string }
  if (data)
    return {
      data: Object.keys(data).sort().join(' '),
      isValid: (result as { isValid: () => boolean }).isValid(),
    }
  return nickname ?? nickName ?? result
}

const fields = 'access_token create_at expires_in openid refresh_token scope unionid'
const invalid = (name: string, message: string, code: number): unknown => ({ name, message, code })

const same: Case[] = [
  {
    behaviour: 'a code becomes a token',
    run: ({ make, code }) =>
      told((callback) => {
        make().getAccessToken(code(), callback)
      }),
    both: { data: fields, isValid: true },
  },
  {
    behaviour: 'a login calls saveToken once with openid and token, and getToken not at all',
    run: async ({ make, code }) => {
      const calls: unknown[] = []
      const oauth = make(
        'mp',
        () => calls.push('get'),
        (openid, token, callback) => {
          calls.push(['save', openid === token.openid, Object.keys(token).sort().join(' ')])
          callback()
        },
      )
      await outcome((callback) => {
        oauth.getAccessToken(code(), callback)
      })
      return calls
    },
    both: [['save', true, fields]],
  },
  {
    behaviour: "without functions the token is in the object's store",
    run: async ({ make, code }) => {
      const oauth = make()
      const [, result] = await outcome((callback) => {
        oauth.getAccessToken(code(), callback)
      })
      const { data } = result as { data: Token & { openid: string } }
      return {
        kept: oauth.store[data.openid]?.access_token === data.access_token,
        read: await told((callback) => {
          oauth.getUser(data.openid, callback)
        }),
      }
    },
    both: { kept: true, read: '爱丽丝' },
  },
  {
    behaviour: 'a wrong code',
    run: ({ make }) =>
      told((callback) => {
        make().getAccessToken('nonsense', callback)
      }),
    both: invalid('WeChatAPIError', 'invalid code', 40029),
  },
  {
    behaviour: 'a code that was used',
    run: async ({ make, code }) => {
      const used = code()
      await outcome((callback) => {
        make().getAccessToken(used, callback)
      })
      return told((callback) => {
        make().getAccessToken(used, callback)
      })
    },
    both: invalid('WeChatAPIError', 'code been used', 40163),
  },
  {
    behaviour: 'no code',
    run: async ({ make }) => [
      await told((callback) => {
        make().getAccessToken(undefined, callback)
      }),
      await told((callback) => {
        make().getUserByCode('', callback)
      }),
    ],
    both: [
      invalid('WeChatAPIError', 'missing code', 41008),
      invalid('WeChatAPIError', 'missing code', 41008),
    ],
  },
  {
    behaviour: 'a refresh',
    run: async ({ make, record }) => {
      const { refresh_token: token } = await record()
      return told((callback) => {
        make().refreshAccessToken(token, callback)
      })
    },
    both: { data: 'access_token create_at expires_in openid refresh_token scope', isValid: true },
  },
  {
    behaviour: 'a wrong refresh token, and none',
    run: async ({ make }) => [
      await told((callback) => {
        make().refreshAccessToken('nonsense', callback)
      }),
      await told((callback) => {
        make().refreshAccessToken(undefined, callback)
      }),
    ],
    both: [
      invalid('WeChatAPIError', 'invalid refresh_token', 40030),
      invalid('WeChatAPIError', 'refresh_token missing', 41003),
    ],
  },
  {
    behaviour: 'getUser asks for the names in English, or as it is told',
    run: async ({ make, record, sandbox }) => {
      const saved = await record()
      const oauth = make('mp', (_openid, callback) => {
        callback(null, saved)
      })
      const names = [
        await told((callback) => {
          oauth.getUser(saved.openid, callback)
        }),
        await told((callback) => {
          oauth.getUser({ openid: saved.openid, lang: 'zh_TW' }, callback)
        }),
      ]
      return [
        ...names,
        ...sandbox.requests.filter(({ path }) => path === userinfo).map(({ query }) => query.lang),
      ]
    },
    both: ['爱丽丝', '爱丽丝', 'en', 'zh_TW'],
  },
  {
    behaviour: 'getUser refreshes an expired token and saves the new one',
    run: async ({ make, record, sandbox }) => {
      const saved = await record(7201)
      const kept: Token[] = []
      const oauth = make(
        'mp',
        (_openid, callback) => {
          callback(null, saved)
        },
        (_openid, token, callback) => {
          kept.push(token)
          callback()
        },
      )
      const user = await told((callback) => {
        oauth.getUser(saved.openid, callback)
      })
      return [
        user,
        kept.length,
        Number(kept[0]?.create_at) > Number(saved.create_at),
        sandbox.count(refresh),
        sandbox.count(userinfo),
      ]
    },
    both: ['爱丽丝', 1, true, 1, 1],
  },
  {
    behaviour: 'getUser takes a token until its last second',
    run: async ({ make, record, sandbox }) => {
      const saved = await record(7170)
      const oauth = make('mp', (_openid, callback) => {
        callback(null, saved)
      })
      return [
        await told((callback) => {
          oauth.getUser(saved.openid, callback)
        }),
        sandbox.count(refresh),
      ]
    },
    both: ['爱丽丝', 0],
  },
  {
    behaviour: 'getUser of somebody unknown, and of nobody',
    run: async ({ make }) => [
      await told((callback) => {
        make().getUser('oSomebody', callback)
      }),
      await told((callback) => {
        make('mp', (_openid, callback_) => {
          callback_(null, null)
        }).getUser(undefined, callback)
      }),
    ],
    both: ['oSomebody', 'undefined'].map((openid) => ({
      name: 'NoOAuthTokenError',
      message: `No token for ${openid}, please authorize first.`,
      code: undefined,
    })),
  },
  {
    behaviour: '_getUser with a given token',
    run: async ({ make, record }) => {
      const { openid, access_token: token } = await record()
      return [
        await told((callback) => {
          make()._getUser({ openid }, token, callback)
        }),
        await told((callback) => {
          make()._getUser({ openid }, 'nonsense', callback)
        }),
      ]
    },
    both: [
      '爱丽丝',
      invalid('WeChatAPIError', 'invalid credential, access_token is invalid or not latest', 40001),
    ],
  },
  {
    behaviour: 'getUser and getUserByCode call the methods that the application has replaced',
    run: async ({ make, record, code }) => {
      const saved = await record()
      const oauth = make(
        'mp',
        (_openid, callback) => {
          callback(null, saved)
        },
        (_openid, _token, callback) => {
          callback()
        },
      )
      oauth._getUser = (_options, _token, callback) => {
        callback(null, { nickname: 'replaced' })
      }
      return [
        await told((callback) => {
          oauth.getUser(saved.openid, callback)
        }),
        await told((callback) => {
          oauth.getUserByCode(code(), callback)
        }),
      ]
    },
    both: ['replaced', 'replaced'],
  },
  {
    behaviour: 'verifyToken',
    run: async ({ make, record }) => {
      const { openid, access_token: token } = await record()
      return [
        await told((callback) => {
          make().verifyToken(openid, token, callback)
        }),
        await told((callback) => {
          make().verifyToken('oSomebody', token, callback)
        }),
      ]
    },
    both: [{ errcode: 0, errmsg: 'ok' }, invalid('WeChatAPIError', 'invalid openid', 40003)],
  },
  {
    behaviour: 'getUserByCode, with a code and with options',
    run: async ({ make, code, sandbox }) => [
      await told((callback) => {
        make().getUserByCode(code(), callback)
      }),
      await told((callback) => {
        make().getUserByCode({ code: code(), lang: 'zh_CN' }, callback)
      }),
      ...sandbox.requests.filter(({ path }) => path === userinfo).map(({ query }) => query.lang),
    ],
    both: ['爱丽丝', '爱丽丝', 'en', 'zh_CN'],
  },
  {
    behaviour: 'getUserByCode with a code of snsapi_base',
    run: ({ make, code }) =>
      told((callback) => {
        make().getUserByCode(code({ scope: 'snsapi_base' }), callback)
      }),
    both: invalid('WeChatAPIError', 'api unauthorized', 48001),
  },
  {
    behaviour: "a mini-program's code becomes a session key, whose token is not valid",
    run: ({ make, sandbox, mini }) =>
      told((callback) => {
        make('miniprogram').getSessionKey(sandbox.wxLogin(mini), callback)
      }),
    both: { data: 'create_at openid session_key unionid', isValid: false },
  },
  {
    behaviour: "getUserByCode opens a mini-program's data",
    run: ({ make, sandbox, mini }) =>
      told((callback) => {
        const login = sandbox.wxLogin(mini)
        make('miniprogram').getUserByCode({ code: login, ...sandbox.encrypt(mini) }, callback)
      }),
    both: '爱丽丝',
  },
  {
    behaviour: 'data of a mini-program that does not open, and of another app',
    run: async ({ make, sandbox, mini }) => {
      const oauth = make('miniprogram')
      const bad = { ...sandbox.encrypt(mini), encryptedData: 'AAAAAAAAAAAAAAAAAAAAAA==' }
      const [, result] = await outcome((callback) => {
        oauth.getSessionKey(sandbox.wxLogin(mini), callback)
      })
      const { session_key: sessionKey } = (result as { data: Token }).data
      const foreign = sandbox.encrypt({
        ...mini,
        data: { nickName: 'x', watermark: { appid: 'wx0', timestamp: 1 } },
      })
      const thrown = [
        { ...bad, sessionKey },
        { ...foreign, sessionKey },
      ].map((data) => {
        try {
          return oauth.decryptMiniProgramUser(data)
        } catch (error) {
          return facts(error as OAuthError)
        }
      })
      return [
        await told((callback) => {
          oauth.getUserByCode({ code: sandbox.wxLogin(mini), ...bad }, callback)
        }),
        ...thrown,
      ]
    },
    both: [
      'Illegal Buffer, Is Your Data Correct?',
      'Illegal Buffer, Is Your Data Correct?',
      'Invalid Watermark, Be Sure to Check Again',
    ].map((message) => ({ name: 'Error', message, code: undefined })),
  },
  {
    behaviour:
      "a mini-program's code without data is an error of the arguments, but the session key is saved",
    run: async ({ make, sandbox, mini }) => {
      const saved: string[] = []
      const oauth = make('miniprogram', null, (_openid, token, callback) => {
        saved.push(...Object.keys(token).sort())
        callback()
      })
      const [error] = await outcome((callback) => {
        oauth.getUserByCode(sandbox.wxLogin(mini), callback)
      })
      return [error?.name, ...saved]
    },
    both: ['TypeError', 'create_at', 'openid', 'session_key', 'unionid'],
  },
  {
    behaviour:
      'what getToken and saveToken fail with comes back as it is, and the token that was not saved with it',
    run: async ({ make, code }) => {
      const error = new Error('down')
      const oauth = make(
        'mp',
        (_openid, callback) => {
          callback(error)
        },
        (_openid, _token, callback) => {
          callback(error)
        },
      )
      const read = await outcome((callback) => {
        oauth.getUser('oSomebody', callback)
      })
      const saved = await outcome((callback) => {
        oauth.getAccessToken(code(), callback)
      })
      const byCode = await outcome((callback) => {
        oauth.getUserByCode(code(), callback)
      })
      return [read[0] === error, saved[0] === error, brief(saved[1]), byCode[0] === error]
    },
    both: [true, true, { data: fields, isValid: true }, true],
  },
  {
    behaviour: 'no answer within the timeout',
    run: async ({ make, sandbox }) => {
      const oauth = make()
      oauth.setOpts({ ...oauth.defaults, timeout: 150 })
      sandbox.fail(exchange, 'hang')
      const [error] = await outcome((callback) => {
        oauth.getAccessToken('some-code', callback)
      })
      return error?.name
    },
    both: 'WeChatAPIResponseTimeoutError',
  },
  {
    behaviour: 'a connection that is lost',
    run: async ({ make, sandbox }) => {
      sandbox.fail(exchange, 'reset')
      const [error] = await outcome((callback) => {
        make().getAccessToken('some-code', callback)
      })
      return [error?.name, error?.code]
    },
    both: ['WeChatAPIResponseError', 'ECONNRESET'],
  },
  {
    behaviour: 'an answer that is not JSON',
    run: async ({ make, sandbox }) => {
      sandbox.fail(exchange, { status: 502, body: '<h1>Bad Gateway</h1>' })
      const [error] = await outcome((callback) => {
        make().getAccessToken('some-code', callback)
      })
      return error?.name
    },
    both: 'WeChatAPIJSONResponseFormatError',
  },
  {
    behaviour: 'a class that extends it',
    run: async ({ OAuth: Base, make, code }) => {
      class Sub extends Base {
        readonly more = true
      }
      const oauth = Object.assign(new Sub('wxsandbox000000001', 'sandboxsecretmp00000000000000001'), {
        defaults: make().defaults,
      })
      return [
        oauth instanceof Base,
        await told((callback) => {
          oauth.getUserByCode(code(), callback)
        }),
      ]
    },
    both: [true, '爱丽丝'],
  },
  {
    behaviour: 'fields of the object',
    run: ({ OAuth: Class }) => {
      const { appid, appsecret, isMiniProgram, defaults } = new Class(
        'a',
        'b',
        null,
        () => undefined,
        true,
      ) as unknown as Record<string, unknown>
      return { appid, appsecret, isMiniProgram, defaults }
    },
    both: { appid: 'a', appsecret: 'b', isMiniProgram: true, defaults: {} },
  },
]

const different: Case[] = [
  {
    behaviour: 'the app secret in what an error holds',
    run: async ({ make, sandbox, secret }) => {
      sandbox.fail(exchange, { status: 502, body: '<h1>Bad Gateway</h1>' })
      const [error] = await outcome((callback) => {
        make().getAccessToken('some-code', callback)
      })
      return [error?.message, error?.stack, inspect(error, { depth: 9 }), JSON.stringify({ ...error })].some(
        (text) => text?.includes(secret),
      )
    },
    old: true,
    ours: false,
    reason: 'errors are logged',
  },
  {
    behaviour: 'the app secret in JSON and inspection of the object',
    run: ({ make, secret }) => {
      const oauth = make()
      oauth.setOpts({})
      return [JSON.stringify(oauth), inspect(oauth, { depth: 9 })].map((text) => text.includes(secret))
    },
    old: [true, true],
    ours: [false, false],
    reason: 'objects are logged',
  },
  {
    behaviour: 'refreshes when 20 callers want one user whose token has expired',
    run: async ({ make, record, sandbox }) => {
      let saved: Token = await record(7201)
      const oauth = make(
        'mp',
        (_openid, callback) => {
          callback(null, saved)
        },
        (_openid, token, callback) => {
          saved = token
          callback()
        },
      )
      const names = await Promise.all(
        Array.from({ length: 20 }, () =>
          told((callback) => {
            oauth.getUser(saved.openid, callback)
          }),
        ),
      )
      return [names.every((name) => name === '爱丽丝'), sandbox.count(refresh)]
    },
    old: [true, 20],
    ours: [true, 1],
    reason: 'one is enough',
  },
  {
    behaviour: 'getUser with an expired record whose numbers a database kept as text',
    run: async ({ make, record, sandbox }) => {
      const saved = await record(7201, { expires_in: '7200' })
      sandbox.clock.advance(7_201_000)
      const oauth = make('mp', (_openid, callback) => {
        callback(null, { ...saved, create_at: String(saved.create_at) })
      })
      return [
        await told((callback) => {
          oauth.getUser(saved.openid, callback)
        }),
        sandbox.count(refresh),
      ]
    },
    old: [invalid('WeChatAPIError', 'access_token expired', 42001), 0],
    ours: ['爱丽丝', 1],
    reason: 'create_at + expires_in * 1000 concatenates: the token never expires',
  },
  {
    behaviour: 'getUser with a token that WeChat refuses, though by its dates it is good',
    run: async ({ make, record, sandbox }) => {
      const saved = await record()
      sandbox.fail(userinfo, { errcode: 40001, errmsg: 'invalid credential' }, { times: 1 })
      const oauth = make('mp', (_openid, callback) => {
        callback(null, saved)
      })
      return [
        await told((callback) => {
          oauth.getUser(saved.openid, callback)
        }),
        sandbox.count(refresh),
      ]
    },
    old: [invalid('WeChatAPIError', 'invalid credential', 40001), 0],
    ours: ['爱丽丝', 1],
    reason: 'a refresh is what helps',
  },
  {
    behaviour: "what is left of unionid and the application's own field after a refresh",
    run: async ({ make, record }) => {
      const saved = await record(7201, { note: 'mine' })
      const kept: Token[] = []
      const oauth = make(
        'mp',
        (_openid, callback) => {
          callback(null, saved)
        },
        (_openid, token, callback) => {
          kept.push(token)
          callback()
        },
      )
      await outcome((callback) => {
        oauth.getUser(saved.openid, callback)
      })
      return [kept[0]?.unionid === saved.unionid, kept[0]?.note]
    },
    old: [false, undefined],
    ours: [true, 'mine'],
    reason: 'WeChat does not repeat the unionid',
  },
  {
    behaviour: 'an answer with HTTP status 500',
    run: ({ make, code, sandbox }) => {
      sandbox.fail(exchange, { status: 500, merge: {} })
      return told((callback) => {
        make().getAccessToken(code(), callback)
      })
    },
    old: { data: fields, isValid: true },
    ours: {
      name: 'WeChatAPIJSONResponseFormatError',
      message: '/sns/oauth2/access_token replied with HTTP status 500',
      code: 'ERR_WECHAT_STATUS',
    },
    reason: 'what a broken server says is not to be relied on',
  },
  {
    behaviour: 'a token without an openid',
    run: async ({ make, code, sandbox }) => {
      sandbox.fail(exchange, { omit: ['openid'] })
      const saved: unknown[] = []
      const oauth = make('mp', null, (openid, _token, callback) => {
        saved.push(openid)
        callback()
      })
      const [error] = await outcome((callback) => {
        oauth.getAccessToken(code(), callback)
      })
      return [error?.name, ...saved]
    },
    old: [undefined, undefined],
    ours: ['WeChatAPIJSONResponseFormatError'],
    reason: 'it would be saved as the user "undefined"',
  },
  {
    behaviour: 'the data of another user',
    run: async ({ make, record, sandbox }) => {
      const { openid, access_token: token } = await record()
      sandbox.fail(userinfo, { merge: { openid: 'oSomebodyElse' } })
      const [error, user] = await outcome((callback) => {
        make()._getUser({ openid }, token, callback)
      })
      return error?.name ?? (user as Token).openid
    },
    old: 'oSomebodyElse',
    ours: 'WeChatAPIJSONResponseFormatError',
    reason: 'nobody is logged in as somebody else',
  },
  {
    behaviour: 'a nickname with a raw control character',
    run: async ({ make, record, sandbox }) => {
      const { openid, access_token: token } = await record()
      sandbox.fail(userinfo, { body: `{"openid":"${openid}","nickname":"a\u0001b"}` })
      const [error, user] = await outcome((callback) => {
        make()._getUser({ openid }, token, callback)
      })
      return error?.name ?? (user as Token).nickname
    },
    old: 'WeChatAPIJSONResponseFormatError',
    ours: 'a\u0001b',
    reason: 'WeChat sends them',
  },
  {
    behaviour: 'a field of a token that WeChat does not document',
    run: ({ make, code, sandbox }) => {
      sandbox.fail(exchange, { merge: { surprise: 1 } })
      return told((callback) => {
        make().getAccessToken(code(), callback)
      })
    },
    old: {
      data: 'access_token create_at expires_in openid refresh_token scope surprise unionid',
      isValid: true,
    },
    ours: { data: fields, isValid: true },
    reason: 'only what was checked is kept',
  },
  {
    behaviour: 'getToken throws',
    run: async ({ make }) => {
      const error = new Error('thrown')
      const oauth = make('mp', () => {
        throw error
      })
      try {
        const [given] = await outcome((callback) => {
          oauth.getUser('oSomebody', callback)
        })
        return `the callback gets ${given === error ? 'it' : 'something else'}`
      } catch (thrown) {
        return thrown === error ? 'getUser throws' : 'something else'
      }
    },
    old: 'getUser throws',
    ours: 'the callback gets it',
    reason: 'one way for errors',
  },
  {
    behaviour: 'getToken and saveToken never answer',
    run: async ({ make, code, patience }) => {
      const oauth = make(
        'mp',
        () => undefined,
        () => undefined,
      )
      oauth.setOpts({ ...oauth.defaults, timeout: 500 })
      const silence = new Promise<string>((resolve) => setTimeout(resolve, patience, 'nothing').unref())
      const message = async (start: (callback: Callback) => void): Promise<unknown> =>
        Promise.race([silence, outcome(start).then(([error]) => error?.message)])
      return Promise.all([
        message((callback) => {
          oauth.getUser('oSomebody', callback)
        }),
        message((callback) => {
          oauth.getAccessToken(code(), callback)
        }),
      ])
    },
    old: ['nothing', 'nothing'],
    ours: ['The token store did not answer within 500 ms', 'The token store did not answer within 500 ms'],
    reason: 'the user waits',
  },
  {
    behaviour: 'getToken returns a promise',
    run: async ({ make, record, patience }) => {
      const saved = await record()
      const oauth = make('mp', () => Promise.resolve(saved))
      const silence = new Promise<string>((resolve) => setTimeout(resolve, patience, 'nothing').unref())
      return Promise.race([
        silence,
        told((callback) => {
          oauth.getUser(saved.openid, callback)
        }),
      ])
    },
    old: 'nothing',
    ours: '爱丽丝',
    reason: 'a step on the way',
  },
  {
    behaviour: 'records in memory after 10,005 logins',
    run: ({ OAuth: Class }) => {
      const oauth = new Class('a', 'b')
      for (let user = 0; user < 10_005; user++)
        oauth.saveToken(`o${user}`, { openid: `o${user}` }, () => undefined)
      return [Object.keys(oauth.store).length, oauth.store.o0 !== undefined, oauth.store.o10004 !== undefined]
    },
    old: [10_005, true, true],
    ours: [10_000, false, true],
    reason: 'memory is bounded; the longest unsaved go',
  },
  {
    behaviour: 'getUser of the openid __proto__',
    run: ({ make }) =>
      told((callback) => {
        make().getUser('__proto__', callback)
      }),
    old: invalid('WeChatAPIError', 'refresh_token missing', 41003),
    ours: {
      name: 'NoOAuthTokenError',
      message: 'No token for __proto__, please authorize first.',
      code: undefined,
    },
    reason: 'it is a name like any other',
  },
  {
    behaviour: 'requests for a code that cannot be one',
    run: async ({ make, sandbox }) => {
      const errors = [
        await told((callback) => {
          make().getAccessToken(['a', 'b'], callback)
        }),
        await told((callback) => {
          make().getAccessToken('客', callback)
        }),
      ]
      return [...errors, sandbox.count(exchange)]
    },
    old: [
      invalid('WeChatAPIError', 'invalid code', 40029),
      invalid('WeChatAPIError', 'invalid code', 40029),
      2,
    ],
    ours: [
      invalid('WeChatAPIError', 'invalid code', 40029),
      invalid('WeChatAPIError', 'invalid code', 40029),
      0,
    ],
    reason: 'the answer is known',
  },
  {
    behaviour: 'arguments of a callback, the error included',
    run: async ({ make, record }) => {
      const { openid, access_token: token } = await record()
      return (
        await outcome((callback) => {
          make().verifyToken(openid, token, callback)
        })
      ).length
    },
    old: 3,
    ours: 2,
    reason: 'the response holds the address, and with it secrets',
  },
  {
    behaviour: 'calling back before the method has returned',
    run: async ({ make }) => {
      const oauth = make()
      let returned = false
      const result = new Promise((resolve) => {
        oauth.getUser('oSomebody', () => {
          resolve(returned)
        })
      })
      returned = true
      return (await result) === true ? 'after' : 'before'
    },
    old: 'before',
    ours: 'after',
    reason: 'always the same order',
  },
  {
    behaviour: 'the internal method request',
    run: ({ OAuth: Class }) => typeof (Class.prototype as unknown as { request?: unknown }).request,
    old: 'function',
    ours: 'undefined',
    reason: 'urllib is gone; use fetch',
  },
  {
    behaviour: 'methods that for … in finds, but request',
    run: ({ OAuth: Class }) => {
      const found: string[] = []
      for (const name in Class.prototype) if (name !== 'request') found.push(name)
      return found.sort().join(' ')
    },
    both: '_getUser decryptMiniProgramUser getAccessToken getAuthorizeURL getAuthorizeURLForWebsite getSessionKey getUser getUserByCode refreshAccessToken setOpts verifyToken',
  },
  {
    behaviour: 'inheritance without class',
    run: ({ OAuth: Class }) => {
      function Sub(this: object): void {
        Reflect.apply(Class as unknown as (...values: unknown[]) => void, this, [
          'a',
          'b',
          null,
          () => undefined,
        ])
      }
      inherits(Sub, Class)
      try {
        return (Reflect.construct(Sub, []) as { appid: string }).appid
      } catch (error) {
        return (error as Error).name
      }
    },
    old: 'a',
    ours: 'TypeError',
    reason: 'it is a class: use extends',
  },
]

describe('the drop-in for wechat-oauth', () => {
  let sandbox: Sandbox
  let old: AnyOAuthClass
  let path: string
  let options: Record<Implementation, object>
  const toClose: (() => unknown)[] = []

  before(async function () {
    // The older package must be installed first, so the long suite runs it, and its behaviour is written down here.
    if (isLongRun) {
      path = join(await competitors(this), 'wechat-oauth')
      old = createRequire(import.meta.url)(path) as AnyOAuthClass
    }
    sandbox = await startSandbox({ tls: { port: 0 } })
    toClose.push(() => sandbox.close())
    const { port, ca } = sandbox.tls!
    // Both ask for WeChat's own host names, and find the sandbox.
    class ToSandbox extends HttpsAgent {
      override createConnection(
        ...[given, callback]: Parameters<HttpsAgent['createConnection']>
      ): ReturnType<HttpsAgent['createConnection']> {
        return super.createConnection({ ...given, host: '127.0.0.1', port }, callback)
      }
    }
    const httpsAgent = new ToSandbox({ ca, keepAlive: true })
    toClose.push(() => {
      httpsAgent.destroy()
    })
    const connect = buildConnector({ ca })
    const dispatcher = new Agent({
      connect: (given, callback) => {
        connect(
          {
            ...given,
            servername: given.hostname,
            hostname: '127.0.0.1',
            host: '127.0.0.1',
            port: String(port),
          },
          callback,
        )
      },
    })
    toClose.push(() => dispatcher.close())
    const fetch = (url: string, init: RequestInit): Promise<unknown> =>
      undiciFetch(url, { ...init, dispatcher } as Parameters<typeof undiciFetch>[1])
    options = { old: { httpsAgent }, ours: { fetch } }
  })
  beforeEach(() => {
    sandbox.reset()
  })
  after(async () => {
    for (const close of toClose.reverse()) await close()
  })

  const settingOf = (implementation: Implementation): Setting => {
    const Class = implementation === 'old' ? old : (OAuth as unknown as AnyOAuthClass)
    const app = (type: AppType): { appId: string; appSecret: string } =>
      sandbox.apps.find((each) => each.type === type)!
    const { appId, appSecret } = app('mp')
    const make: Setting['make'] = (type = 'mp', getToken, saveToken) => {
      const { appId: id, appSecret: secret } = app(type)
      const oauth = new Class(id, secret, getToken, saveToken, type === 'miniprogram')
      oauth.setOpts(options[implementation])
      return oauth
    }
    const code: Setting['code'] = (given = {}) => sandbox.issueCode({ appId, user: 'alice', ...given })
    return {
      OAuth: Class,
      sandbox,
      secret: appSecret,
      patience: implementation === 'old' ? 200 : 10_000,
      make,
      code,
      async record(age = 0, given = {}) {
        const [, result] = await outcome((callback) => {
          make().getAccessToken(code(), callback)
        })
        const { data } = result as {
          data: Token & { openid: string; access_token: string; refresh_token: string }
        }
        return { ...data, create_at: Date.now() - age * 1000, ...given }
      },
      mini: { appId: app('miniprogram').appId, user: 'alice' },
    }
  }

  it('makes the same page addresses', () => {
    const redirects = [
      'https://example.com/a b?c=d&e=客',
      'redirectUrl',
      "https://example.com/(a)!*'~",
      undefined,
    ]
    const addresses = (implementation: Implementation): string[] =>
      redirects.flatMap((redirect) => {
        const oauth = settingOf(implementation).make()
        const rest = [
          [],
          ['state', 'snsapi_userinfo'],
          [7],
          [null, ''],
          ['x'.repeat(200), 'a,b'],
          ['a&b=c#d'],
        ]
        return rest.flatMap((values) => [
          oauth.getAuthorizeURL(redirect, ...values),
          oauth.getAuthorizeURLForWebsite(redirect, ...values),
        ])
      })
    if (isLongRun) expect(addresses('ours')).to.deep.equal(addresses('old'))
    // The older package's results.
    const digest = createHash('sha256').update(addresses('ours').join('\n')).digest('hex')
    expect(digest).to.equal('e0eb6699789e2a4e8ff2be8ef8933475b9502951358e236db43bd82f4fabeeec')
    expect(addresses('ours')).to.include(
      'https://open.weixin.qq.com/connect/oauth2/authorize?appid=wxsandbox000000001&redirect_uri=redirectUrl&response_type=code&scope=snsapi_userinfo&state=state#wechat_redirect',
    )
  })

  // In another process, because it ends the process.
  const fateOfOld = async (
    call: string,
  ): Promise<{ code: number | null; stdout: string; stderr: string }> => {
    const { port, ca } = sandbox.tls!
    return run(
      process.execPath,
      [
        '--eval',
        `
      const { Agent } = require('node:https')
      class ToSandbox extends Agent {
        createConnection(options, callback) { return super.createConnection({ ...options, host: '127.0.0.1', port: ${port} }, callback) }
      }
      const { appId, appSecret } = ${JSON.stringify(sandbox.apps.find(({ type }) => type === 'mp'))}
      const oauth = new (require(${JSON.stringify(path)}))(appId, appSecret)
      oauth.setOpts({ httpsAgent: new ToSandbox({ ca: ${JSON.stringify(ca)} }) })
      ${call}`,
      ],
      { env: { NODE_OPTIONS: undefined } },
    )
  }

  it('gets an empty reply as an error, which used to end the process', async () => {
    sandbox.fail(exchange, { body: '' })
    if (isLongRun) {
      const { code, stdout, stderr } = await fateOfOld(
        "oauth.getAccessToken('code', () => { console.log('called back') })",
      )
      expect({ code, stdout }).to.deep.equal({ code: 1, stdout: '' })
      expect(stderr).to.match(/TypeError: .*errcode/)
    }
    expect(
      await told((callback) => {
        settingOf('ours').make().getAccessToken('some-code', callback)
      }),
    ).to.include({ name: 'WeChatAPIJSONResponseFormatError' })
  })

  it('needs no callback; without one, the process used to end', async () => {
    const { code: issue, make } = settingOf('ours')
    if (isLongRun) {
      const { code, stderr } = await fateOfOld(`oauth.getAccessToken('${issue()}')`)
      expect(code).to.equal(1)
      expect(stderr).to.match(/TypeError: callback is not a function/)
    }
    const saved = new Promise<Token>((resolve) => {
      const oauth: { getAccessToken: (code: string) => void } = make('mp', null, (_openid, token) => {
        resolve(token)
      }) as unknown as OAuth
      oauth.getAccessToken(issue())
    })
    expect(await saved).to.include.keys('access_token')
  })

  for (const [heading, cases] of Object.entries({
    'does the same': same,
    'differs, for a reason': different,
  })) {
    describe(heading, () => {
      for (const { behaviour, run: act, both, old: expected = both, ours = both, reason } of cases) {
        it(reason === undefined ? behaviour : `${behaviour}: ${reason}`, async () => {
          if (isLongRun) {
            expect(await act(settingOf('old')), 'wechat-oauth').to.deep.equal(expected)
            sandbox.reset()
          }
          expect(await act(settingOf('ours')), 'ours').to.deep.equal(ours)
        })
      }
    })
  }
})
