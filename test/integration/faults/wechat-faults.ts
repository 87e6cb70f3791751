import { gzipSync } from 'node:zlib'
import type { WechatErrorCode, WechatErrorKind } from '@wechat-auth/wechat-oauth'
import type { Fault, FaultOptions, Sandbox } from '@wechat-auth/wechat-sandbox'
import { apps, sessionKey } from './harness.js'
import { membersOf, Secrets } from './leaks.js'

/** What a call is for. `renewal` is the refresh of a user who is known, `refresh` that of a bare token. */
export type Step = 'exchange' | 'refresh' | 'renewal' | 'userinfo' | 'auth' | 'session' | AppLevelStep

/** With the app's own token, or to get it. */
export type AppLevelStep = 'stable' | 'classic' | 'ticket' | 'qrcode' | 'image' | 'check' | 'reset' | 'phone'

export const pathOf: Record<Step, string> = {
  exchange: '/sns/oauth2/access_token',
  refresh: '/sns/oauth2/refresh_token',
  renewal: '/sns/oauth2/refresh_token',
  userinfo: '/sns/userinfo',
  auth: '/sns/auth',
  session: '/sns/jscode2session',
  stable: '/cgi-bin/stable_token',
  classic: '/cgi-bin/token',
  ticket: '/cgi-bin/ticket/getticket',
  qrcode: '/cgi-bin/qrcode/create',
  image: '/cgi-bin/showqrcode',
  check: '/wxa/checksession',
  reset: '/wxa/resetusersessionkey',
  phone: '/wxa/business/getuserphonenumber',
}

/** All replies pass the same checks, so one fault of each kind is enough for similar calls. */
const briefSteps: readonly Step[] = ['classic', 'ticket', 'qrcode', 'check', 'reset', 'phone']

/** Starts a case: resets the sandbox, and makes a user with known secrets. */
export function factsOf(sandbox: Sandbox, app: keyof typeof apps): Facts {
  sandbox.reset()
  const secrets = new Secrets()
  for (const { appSecret } of Object.values(apps)) secrets.add('app secret', appSecret)
  secrets.add(
    'session_key',
    sandbox.renewSessionKey({ appId: apps.miniprogram.appId, user: 'alice', sessionKey }),
  )
  const { appId, appSecret } = apps[app]
  return {
    sandbox,
    secrets,
    appId,
    appSecret,
    openid: sandbox.idsOf({ appId, user: 'alice' }).openid,
    otherOpenid: sandbox.idsOf({ appId, user: 'bob' }).openid,
  }
}

/** The outcome of a call. */
export type Outcome = 'good' | { code: WechatErrorCode; errcode?: number; kind?: WechatErrorKind }

export interface Facts {
  sandbox: Sandbox
  secrets: Secrets
  appId: string
  appSecret: string
  openid: string
  otherOpenid: string
}

export interface WechatFault {
  /** Goes on after “… when”. */
  title: string
  /** Where it can happen; default everywhere. */
  steps?: readonly Step[]
  /** The fault of the sandbox … */
  fault?: (facts: Facts) => Fault
  /** … or a `fetch` that fails before the request reaches it. */
  fetch?: (url: string, init: RequestInit | undefined) => Promise<Response>
  outcome: Outcome
  /** The user's name in the result, if the fault changes it. */
  nickname?: string
  /** It takes the whole timeout. */
  waits?: boolean
  /** Differs from another fault only in its form. */
  isVariant?: boolean
  /** Has the same outcome for an image. */
  isForImages?: boolean
}

type Answer = Record<string, unknown>

/** The sandbox handles the request, and the reply is altered. */
function altered(change: (answer: Answer, facts: Facts) => unknown, options: FaultOptions = {}) {
  return (facts: Facts): Fault => ({
    ...options,
    transform: (answer) => {
      facts.secrets.addAllOf(answer)
      return change(answer, facts)
    },
  })
}

const body =
  (content: string | Uint8Array, options: FaultOptions = {}) =>
  (): Fault => ({ ...options, body: content })

const response = { code: 'ERR_WECHAT_RESPONSE' } as const
const network = { code: 'ERR_WECHAT_NETWORK' } as const
const status = { code: 'ERR_WECHAT_STATUS' } as const
const timeout = { code: 'ERR_WECHAT_TIMEOUT' } as const

const mebibyte = 1024 * 1024

const otherShapes: WechatFault[] = [
  { title: 'sends an empty body', fault: body(''), outcome: response, isForImages: true },
  { title: 'sends null', fault: body('null'), outcome: response },
  { title: 'sends a number', fault: body('42'), outcome: response, isVariant: true },
  { title: 'sends a text', fault: body('"ok"'), outcome: response, isVariant: true },
  { title: 'sends an empty array', fault: body('[]'), outcome: response, isVariant: true },
  { title: 'sends its object in an array', fault: altered((answer) => [answer]), outcome: response },
  { title: 'sends {}', fault: body('{}'), outcome: response },
  {
    title: 'sends HTML',
    fault: body('<!DOCTYPE html><title>login</title>'),
    outcome: response,
    isForImages: true,
  },
  { title: 'sends two objects', fault: body('{"errcode":0}{"errcode":0}'), outcome: response },
  { title: 'sends half of its JSON', fault: body('{"openid":"oSANDBOX","acc'), outcome: response },
  {
    title: 'sends HTML with 502',
    fault: body('<html><h1>502 Bad Gateway</h1></html>', { status: 502 }),
    outcome: status,
    isForImages: true,
  },
  {
    title: 'sends its JSON with 500',
    fault: altered((answer) => answer, { status: 500 }),
    outcome: status,
  },
  {
    title: 'sends its JSON with 404',
    fault: altered((answer) => answer, { status: 404 }),
    outcome: status,
    isVariant: true,
  },
  { title: 'sends 204', fault: body('', { status: 204 }), outcome: response, isForImages: true },
  {
    title: 'redirects to another page',
    fault: ({ sandbox, appSecret }) => ({
      status: 302,
      body: '',
      headers: { Location: `${sandbox.url}/moved?secret=${encodeURIComponent(appSecret)}` },
    }),
    outcome: status,
    isForImages: true,
  },
  {
    title: 'sends 2 MiB of JSON',
    fault: altered((answer) => ({ ...answer, padding: 'x'.repeat(2 * mebibyte) })),
    outcome: response,
  },
  {
    title: 'sends 2 MiB in pieces',
    fault: () => ({ chunks: Array.from({ length: 32 }, () => ' '.repeat(mebibyte / 16)), pause: 0 }),
    outcome: response,
  },
  {
    title: 'sends 20 MiB, compressed with gzip',
    fault: body(gzipSync(Buffer.alloc(20 * mebibyte, ' ')), { headers: { 'Content-Encoding': 'gzip' } }),
    outcome: response,
  },
  {
    title: 'claims gzip but sends plain text',
    fault: body('{"errcode":0}', { headers: { 'Content-Encoding': 'gzip' } }),
    outcome: network,
  },
  {
    title: 'sends half of its gzip',
    fault: body(gzipSync('{"errcode":0,"errmsg":"ok"}').subarray(0, 20), {
      headers: { 'Content-Encoding': 'gzip' },
    }),
    outcome: response,
  },
]

const connectionFaults: WechatFault[] = [
  { title: 'closes the connection in the middle of its reply', fault: () => 'truncate', outcome: network },
  { title: 'resets the connection', fault: () => 'reset', outcome: network },
  { title: 'does not answer', fault: () => 'hang', outcome: timeout, waits: true },
  { title: 'sends a byte a second', fault: () => ({ drip: 1000 }), outcome: timeout, waits: true },
  {
    title: 'starts its reply and stops',
    fault: () => ({ chunks: ['{', '}'], pause: 60_000 }),
    outcome: timeout,
    waits: true,
    isVariant: true,
  },
  { title: 'refuses the connection', fetch: async (_url, init) => fetch(closedPort, init), outcome: network },
  {
    title: 'is called with a fetch that shows the whole address in its error',
    fetch: async (url) => {
      throw new TypeError(`request to ${url} failed`, { cause: { code: `ENOTFOUND ${url}`, url } })
    },
    outcome: network,
  },
  {
    title: 'is called with a fetch that throws at once',
    fetch: (url) => {
      throw new Error(`no ${url}`)
    },
    outcome: network,
  },
  {
    title: 'is called with a fetch that rejects with nothing',
    fetch: async () => Promise.reject(undefined),
    outcome: network,
  },
  {
    title: 'is called with a fetch that returns no response',
    fetch: async () => undefined as unknown as Response,
    outcome: response,
  },
  {
    title: 'is called with a fetch that never settles',
    fetch: async () => new Promise(() => {}),
    outcome: timeout,
    waits: true,
    isVariant: true,
  },
]

const connections = connectionFaults.map((fault): WechatFault => ({ ...fault, isForImages: true }))

// A port that `fetch` may use and that certainly has no server.
const closedPort = 'http://127.0.0.1:2'

/** By kind. The first errcode of a kind stands for the others. */
const errcodes: [number, WechatErrorKind][] = [
  [40029, 'code'],
  [40163, 'code'],
  [42003, 'code'],
  [41008, 'code'],
  [40226, 'denied'],
  [50002, 'denied'],
  [48004, 'denied'],
  [43004, 'user'],
  [43019, 'user'],
  [40001, 'token'],
  [40014, 'token'],
  [42001, 'token'],
  [40003, 'token'],
  [40030, 'refresh'],
  [42002, 'refresh'],
  [42007, 'refresh'],
  [87009, 'session'],
  [48001, 'scope'],
  [50001, 'scope'],
  [45011, 'rate'],
  [45009, 'rate'],
  [-1, 'busy'],
  [40013, 'config'],
  [40125, 'config'],
  [40066, 'config'],
  [99999, 'unknown'],
]

const errors: WechatFault[] = [
  ...errcodes.flatMap(([errcode, kind]): WechatFault[] => {
    const isVariant = errcodes.find((one) => one[1] === kind)?.[0] !== errcode
    const outcome = { code: 'ERR_WECHAT_API', errcode, kind } as const
    return [
      { title: `sends errcode ${errcode}`, fault: () => ({ errcode }), outcome, isVariant },
      {
        title: `sends errcode "${errcode}" as text`,
        fault: () => ({ errcode: String(errcode) }),
        outcome,
        isVariant: isVariant || errcode !== -1,
      },
    ]
  }),
  {
    title: 'sends a full reply with an errcode',
    fault: altered((answer) => ({ ...answer, errcode: 40013 })),
    outcome: { code: 'ERR_WECHAT_API', errcode: 40013, kind: 'config' },
  },
  {
    title: 'sends an errmsg that is not a string',
    fault: altered(() => ({ errcode: 40013, errmsg: { text: ['invalid appid'] } })),
    outcome: { code: 'ERR_WECHAT_API', errcode: 40013, kind: 'config' },
  },
  ...(
    [
      ['a word', 'invalid'],
      ['an empty text', ''],
      ['null', null],
      ['an object', {}],
      ['true', true],
    ] as const
  ).map(([what, errcode]): WechatFault => ({
    title: `sends an errcode that is ${what}`,
    fault: altered((answer) => ({ ...answer, errcode })),
    outcome: response,
    isVariant: what !== 'a word',
  })),
]

type Values = readonly (readonly [name: string, value: string])[]

/** Spellings in which a server may echo the values that it was sent. */
const echoes: Record<string, (values: Values, path: string) => string> = {
  'the values sent': (values) => values.map(([name, value]) => `${name} ${value}`).join(', '),
  'the values sent, one after the other without a gap': (values) => values.map(([, value]) => value).join(''),
  'the values sent, URL-encoded': (values) =>
    values.map(([name, value]) => `${name} ${encodeURIComponent(value)}`).join(', '),
  'the values sent, URL-encoded in lower case': (values) =>
    values.map(([name, value]) => `${name} ${encodeURIComponent(value).toLowerCase()}`).join(', '),
  'the values sent, URL-encoded twice': (values) =>
    values.map(([name, value]) => `${name} ${encodeURIComponent(encodeURIComponent(value))}`).join(', '),
  'the values sent, in base64': (values) =>
    values.map(([name, value]) => `${name} ${Buffer.from(value).toString('base64')}`).join(', '),
  'the values sent, as JSON': (values) => JSON.stringify(Object.fromEntries(values)),
  'the values sent, as JSON with escaped slashes': (values) =>
    JSON.stringify(Object.fromEntries(values)).replaceAll('/', '\\/'),
  'the whole address': (values, path) =>
    `bad request GET https://api.weixin.qq.com${path}?${new URLSearchParams(Object.fromEntries(values)).toString()} HTTP/1.1`,
  'the whole address, not encoded': (values, path) =>
    `GET ${path}?${values.map((pair) => pair.join('=')).join('&')}`,
  'the whole address, URL-encoded': (values, path) =>
    encodeURIComponent(`https://api.weixin.qq.com${path}?${values.map((pair) => pair.join('=')).join('&')}`),
  'the query alone': (values) =>
    values.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&'),
  'the values sent, where an error text is cut': (values) =>
    values.map(([, value]) => `${'x'.repeat(185)} ${value}`).join(''),
  'the values sent, in place of the id of the request': (values) =>
    values.map(([, value]) => `invalid, hints: [ req_id: ${value} ], hint: [${value}]`).join(' '),
}

function echo(
  makeErrmsg: (values: Values, path: string, answer: Answer, facts: Facts) => string,
  rest: (answer: Answer) => Answer = () => ({}),
) {
  return altered((answer, facts) => {
    const { query, body, path } = facts.sandbox.requests.at(-1) ?? { query: {}, body: '', path: '' }
    const values = Object.entries({ ...query, ...membersOf(body) }).map(
      ([name, value]) => [name, String(value)] as const,
    )
    return { ...rest(answer), errcode: 40013, errmsg: makeErrmsg(values, path, answer, facts) }
  })
}

const spilt: Outcome = { code: 'ERR_WECHAT_API', errcode: 40013, kind: 'config' }

const echoingErrors: WechatFault[] = [
  ...Object.entries(echoes).map(([what, makeErrmsg]): WechatFault => ({
    title: `sends an errmsg with ${what}`,
    fault: echo(makeErrmsg),
    outcome: spilt,
    isVariant: !['the values sent', 'the whole address'].includes(what),
  })),
  {
    title: 'sends an errmsg with the app secret, sent or not',
    fault: echo((_values, _path, _answer, { appSecret }) => `appsecret ${appSecret}`),
    outcome: spilt,
  },
  {
    title: 'sends an errmsg with the tokens of the same answer',
    fault: echo(
      (_values, _path, answer) =>
        `made ${['access_token', 'refresh_token', 'session_key', 'ticket'].map((name) => String(answer[name])).join(' ')}`,
      (answer) => answer,
    ),
    outcome: spilt,
  },
]

const notText: [string, unknown][] = [
  ['a number', 7],
  ['an object', { value: 'x' }],
  ['an array', ['x']],
  ['true', true],
  ['5,000 characters', 'x'.repeat(5000)],
]
const notNumber: [string, unknown][] = [
  ['a word', 'soon'],
  ['an object', { value: 7200 }],
  ['an array', [7200]],
  ['true', true],
  ['-1', -1],
  ['0', 0],
]
const absent: [string, unknown][] = [
  ['null', null],
  ['an empty text', ''],
  ['nothing', undefined],
]

const tokenSteps: readonly Step[] = ['exchange', 'refresh', 'renewal']
const loginSteps: readonly Step[] = ['exchange', 'refresh', 'renewal', 'session']
const credentialSteps: readonly Step[] = ['stable', 'classic', 'ticket']

/** A field, the replies that have it, and the values that it must not have. */
const fields: [field: string, steps: readonly Step[], refused: [string, unknown][]][] = [
  ['access_token', [...tokenSteps, 'stable', 'classic'], [...notText, ...absent]],
  ['expires_in', [...tokenSteps, ...credentialSteps], [...notNumber, ...absent]],
  ['ticket', ['ticket', 'qrcode'], [...notText, ...absent]],
  ['url', ['qrcode'], [...notText, ...absent]],
  ['phone_info', ['phone'], [...notText, ...absent]],
  ['refresh_token', tokenSteps, notText],
  ['scope', tokenSteps, notText],
  [
    'openid',
    [...loginSteps, 'userinfo', 'reset'],
    [...notText, ...absent, ['an app-level key', 'client:wxfaults0000000001']],
  ],
  ['unionid', ['exchange', 'session', 'userinfo'], notText],
  ['session_key', ['session', 'reset'], [...notText, ...absent]],
  ['nickname', ['userinfo'], notText],
  ['headimgurl', ['userinfo'], notText],
]

function without(answer: Answer, field: string): Answer {
  return Object.fromEntries(Object.entries(answer).filter(([name]) => name !== field))
}

function withField(field: string, value: unknown) {
  return altered((answer) => ({ ...answer, [field]: value }))
}

const wrongFields: WechatFault[] = [
  ...fields.flatMap(([field, steps, refused]) =>
    refused.map(([what, value]): WechatFault => ({
      title: `sends ${what} as ${field}`,
      steps,
      fault: withField(field, value),
      outcome: response,
      isVariant: !['a number', 'a word', 'nothing'].includes(what),
    })),
  ),
  {
    title: 'sends the openid of another user',
    steps: ['renewal', 'userinfo', 'reset'],
    fault: altered((answer, { otherOpenid }) => ({ ...answer, openid: otherOpenid })),
    outcome: response,
  },
]

/** A damaged name in a reply that is otherwise intact. */
function named(name: string | Uint8Array) {
  return ({ openid }: Facts): Fault => ({ body: userinfo(openid, name) })
}

function userinfo(openid: string, name: string | Uint8Array): Buffer {
  return Buffer.concat([
    Buffer.from(`{"openid":"${openid}","nickname":"`),
    Buffer.from(name),
    Buffer.from('","sex":0,"headimgurl":"","privilege":[]}'),
  ])
}

function inSingleBytes(bytes: Uint8Array): Uint8Array[] {
  return [...bytes].map((byte) => Uint8Array.of(byte))
}

const brokenUTF8 = Uint8Array.of(0x61, 0xf0, 0x9f, 0x90, 0x61, 0xff, 0xc0, 0x80, 0xed, 0xa0, 0xbd)
const controlCharacters = Array.from({ length: 32 }, (_, code) => String.fromCharCode(code)).join('')

const oddButGood: WechatFault[] = [
  {
    title: 'says that its JSON is HTML in another encoding',
    fault: altered((answer) => answer, { contentType: 'text/html; charset=gbk' }),
    outcome: 'good',
  },
  {
    title: 'sends its answer in single bytes',
    steps: ['exchange', 'session'],
    fault: () => ({ drip: 0 }),
    outcome: 'good',
  },
  {
    title: 'adds errcode 0',
    fault: altered((answer) => ({ ...answer, errcode: 0, errmsg: 'ok' })),
    outcome: 'good',
  },
  {
    title: 'adds errcode "0" as text',
    fault: altered((answer) => ({ ...answer, errcode: '0', errmsg: 'ok' })),
    outcome: 'good',
  },
  {
    title: 'adds unknown fields',
    fault: altered((answer) =>
      Object.assign(JSON.parse('{"__proto__":{"admin":true},"constructor":{}}') as Answer, answer),
    ),
    outcome: 'good',
  },
  {
    title: 'sends no scope',
    steps: tokenSteps,
    fault: altered((answer) => without(answer, 'scope')),
    outcome: 'good',
  },
  { title: 'sends null as scope', steps: tokenSteps, fault: withField('scope', null), outcome: 'good' },
  {
    title: 'sends a scope with a comma at its end',
    steps: tokenSteps,
    fault: altered((answer) => ({ ...answer, scope: `${String(answer['scope'])},` })),
    outcome: 'good',
  },
  {
    title: 'sends expires_in as the text of a number',
    steps: [...tokenSteps, ...credentialSteps],
    fault: withField('expires_in', '7200'),
    outcome: 'good',
  },
  {
    title: 'sends no refresh_token',
    steps: tokenSteps,
    fault: altered((answer) => without(answer, 'refresh_token')),
    outcome: 'good',
  },
  {
    title: 'sends an empty unionid',
    steps: ['exchange', 'session', 'userinfo'],
    fault: withField('unionid', ''),
    outcome: 'good',
  },
  {
    title: 'sends null as unionid',
    steps: ['exchange', 'session', 'userinfo'],
    fault: withField('unionid', null),
    outcome: 'good',
  },
  {
    title: 'sends no name and no picture',
    steps: ['userinfo'],
    fault: altered(({ openid }) => ({ openid })),
    outcome: 'good',
    nickname: '',
  },
  {
    title: 'sends wrong types in the optional fields',
    steps: ['userinfo'],
    fault: altered((answer) => ({
      ...answer,
      sex: {},
      language: 1,
      city: [],
      province: null,
      country: true,
      privilege: 'x',
    })),
    outcome: 'good',
  },
  {
    title: 'sends a nickname with raw control characters',
    steps: ['userinfo'],
    fault: named(`a${controlCharacters}b`),
    outcome: 'good',
    nickname: `a${controlCharacters}b`,
  },
  {
    title: 'sends a nickname with broken UTF-8',
    steps: ['userinfo'],
    fault: named(brokenUTF8),
    outcome: 'good',
    nickname: new TextDecoder().decode(brokenUTF8),
  },
  {
    title: 'sends a nickname with half of an escaped pair',
    steps: ['userinfo'],
    fault: named('a\\ud83d'),
    outcome: 'good',
    nickname: 'a\ud83d',
  },
  {
    title: 'sends UTF-8 that is split across packets',
    steps: ['userinfo'],
    fault: ({ openid }) => ({ chunks: inSingleBytes(userinfo(openid, '爱🐼')), pause: 0 }),
    outcome: 'good',
    nickname: '爱🐼',
  },
  {
    title: 'sends in gzip',
    steps: ['userinfo'],
    fault: ({ openid }) => ({
      body: gzipSync(userinfo(openid, '爱丽丝')),
      headers: { 'Content-Encoding': 'gzip' },
    }),
    outcome: 'good',
    nickname: '爱丽丝',
  },
  {
    title: 'sends with a byte order mark',
    steps: ['userinfo'],
    fault: ({ openid }) => ({ body: Buffer.concat([Buffer.from('\ufeff'), userinfo(openid, '爱丽丝')]) }),
    outcome: 'good',
    nickname: '爱丽丝',
  },
]

export const wechatFaults: readonly WechatFault[] = [
  ...otherShapes,
  ...connections,
  ...errors,
  ...echoingErrors,
  ...wrongFields,
  ...oddButGood,
]

/** A `fetch` that fails as the fault says, while it is on, for one path. */
export function faultyFetch(
  { fetch: faulty }: WechatFault,
  path: string,
  isOn: () => boolean,
): typeof fetch | undefined {
  if (!faulty) return undefined
  return (input, init) => {
    const { href, pathname } = new URL(input instanceof Request ? input.url : input)
    return isOn() && pathname === path ? faulty(href, init) : fetch(input, init)
  }
}

export function faultsAt(step: Step): WechatFault[] {
  const faults = wechatFaults.filter(({ steps }) => steps?.includes(step) ?? true)
  if (step === 'image') return faults.filter(({ isForImages, isVariant }) => isForImages && !isVariant)
  return briefSteps.includes(step) ? faults.filter(({ isVariant }) => !isVariant) : faults
}
