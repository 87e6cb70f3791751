import type { TokenStore, TokenStoreSource, WechatErrorCode, WechatToken } from '@wechat-auth/wechat-oauth'
import type { RecordingStore } from './harness.js'

export type Method = 'getToken' | 'saveToken'

/** A way in which a method of a token store fails. `statement` is what a driver's error would contain of the record. */
interface Misbehaviour {
  /** Goes on after the method's name. */
  title: string
  /** Default both. */
  methods?: readonly Method[]
  outcome: 'good' | { code: WechatErrorCode }
  /** It takes the whole timeout. */
  waits?: boolean
  /** The store works, but its result cannot be used: a login replaces the record. */
  isOfRecord?: boolean
}

interface Promising extends Misbehaviour {
  answer: (statement: string, others: WechatToken) => unknown
}

interface CallingBack extends Misbehaviour {
  answer: (callback: (error?: unknown, value?: unknown) => void, statement: string) => unknown
}

export interface StoreFault extends Misbehaviour {
  method: Method
  /** A store that works until `isOn`. */
  store: (sound: RecordingStore, isOn: () => boolean, others: WechatToken) => TokenStoreSource
}

const failed = { code: 'ERR_WECHAT_STORE' } as const

/** How long after the timeout a late result comes. */
export const lateness = 60

class DriverError extends Error {
  readonly code = 'ER_LOCK_DEADLOCK'
  readonly errno = 1213
  readonly sqlState = '40001'
  readonly sql: string
  readonly parameters: unknown[]

  constructor(statement: string) {
    super(`Deadlock found: ${statement}`, { cause: new Error(statement) })
    this.sql = statement
    this.parameters = [statement]
  }
}

const later = async (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

function promising(timeout: number): Promising[] {
  const garbage: [string, (others: WechatToken) => unknown][] = [
    ['a text', () => '{"openid":"x"}'],
    ['a number', () => 42],
    ['true', () => true],
    ['an array', () => []],
    ['the record of another user', (others) => others],
  ]
  return [
    {
      title: "rejects with a driver's error",
      answer: async (statement) => Promise.reject(new DriverError(statement)),
      outcome: failed,
    },
    { title: 'rejects with a text', answer: async (statement) => Promise.reject(statement), outcome: failed },
    { title: 'rejects with nothing', answer: async () => Promise.reject(undefined), outcome: failed },
    {
      title: 'throws at once',
      answer: (statement) => {
        throw new DriverError(statement)
      },
      outcome: failed,
    },
    {
      title: 'returns a thenable that throws',
      answer: (statement) => ({
        then() {
          throw new DriverError(statement)
        },
      }),
      outcome: failed,
    },
    { title: 'never answers', answer: async () => new Promise(() => {}), outcome: failed, waits: true },
    {
      title: 'rejects after the timeout',
      answer: async (statement) =>
        later(timeout + lateness / 2).then(() => {
          throw new DriverError(statement)
        }),
      outcome: failed,
      waits: true,
    },
    ...garbage.map(([what, value]): Promising => ({
      title: `answers ${what}`,
      methods: ['getToken'],
      answer: async (_statement, others) => value(others),
      outcome: failed,
      isOfRecord: true,
    })),
    { title: 'answers without a promise', methods: ['getToken'], answer: () => null, outcome: 'good' },
    ...(['OK', 1, false, null] as const).map((value): Promising => ({
      title: `answers ${String(value)}`,
      methods: ['saveToken'],
      answer: async () => value,
      outcome: 'good',
    })),
  ]
}

function callingBack(): CallingBack[] {
  return [
    {
      title: "calls back with a driver's error",
      answer: (callback, statement) => callback(new DriverError(statement)),
      outcome: failed,
    },
    {
      title: 'calls back with a text as the error',
      answer: (callback, statement) => callback(statement),
      outcome: failed,
    },
    { title: 'never calls back', answer: () => {}, outcome: failed, waits: true },
    {
      title: 'throws before it calls back',
      answer: (_callback, statement) => {
        throw new DriverError(statement)
      },
      outcome: failed,
    },
    {
      title: 'rejects instead of calling back',
      answer: async (_callback, statement) => Promise.reject(new DriverError(statement)),
      outcome: failed,
    },
    {
      title: 'calls back with an error and rejects as well',
      answer: async (callback, statement) => {
        callback(new DriverError(statement))
        throw new DriverError(statement)
      },
      outcome: failed,
    },
    {
      title: 'calls back twice, with an error the second time',
      answer: (callback, statement) => {
        callback(null, null)
        callback(new DriverError(statement))
      },
      outcome: 'good',
    },
    {
      title: 'throws after it has called back',
      answer: (callback, statement) => {
        callback(null, null)
        throw new DriverError(statement)
      },
      outcome: 'good',
    },
  ]
}

const statementOf = (sound: RecordingStore, token?: WechatToken): string =>
  `REPLACE INTO token VALUES (${JSON.stringify([...sound.saved, token])})`

type Methods = Required<Pick<TokenStoreSource, 'getToken' | 'saveToken'>>

function promisingStore(
  { answer, ...fault }: Promising,
  method: Method,
  title: string,
  sourceOf: (methods: Methods) => TokenStoreSource,
): StoreFault {
  return {
    ...fault,
    title: `${title} ${fault.title}`,
    method,
    store: (sound, isOn, others) =>
      sourceOf({
        getToken: (openid: string) =>
          isOn() && method === 'getToken' ? answer(statementOf(sound), others) : sound.getToken(openid),
        saveToken: (openid: string, token: WechatToken) =>
          isOn() && method === 'saveToken'
            ? answer(statementOf(sound, token), others)
            : sound.saveToken(openid, token),
      }),
  }
}

function asCallbacks({ answer, ...fault }: CallingBack, method: Method): StoreFault {
  return {
    ...fault,
    title: `a function ${method} with a callback, which ${fault.title}`,
    method,
    store: (sound, isOn) => ({
      getToken: (openid, callback: (error?: unknown, token?: WechatToken | null) => void) => {
        if (isOn() && method === 'getToken')
          return answer(callback as (error?: unknown, value?: unknown) => void, statementOf(sound))
        sound.getToken(openid).then((token) => callback(null, token), callback)
        return undefined
      },
      saveToken: (openid, token, callback: (error?: unknown) => void) => {
        if (isOn() && method === 'saveToken') return answer(callback, statementOf(sound, token))
        sound.saveToken(openid, token).then(() => callback(null), callback)
        return undefined
      },
    }),
  }
}

/** @param timeout - of the client that will use the store */
export function storeFaults(timeout: number): StoreFault[] {
  return (['getToken', 'saveToken'] as const).flatMap((method) => {
    const has = ({ methods }: Misbehaviour) => methods?.includes(method) ?? true
    const promises = promising(timeout).filter(has)
    return [
      ...promises.map((fault) =>
        promisingStore(fault, method, `a store whose ${method}`, (methods) => ({
          tokenStore: methods as TokenStore,
        })),
      ),
      // Slow faults behave the same for a store and for functions.
      ...promises
        .filter(({ waits }) => !waits)
        .map((fault) => promisingStore(fault, method, `a function ${method} that`, (methods) => methods)),
      ...callingBack()
        .filter(has)
        .map((fault) => asCallbacks(fault, method)),
    ]
  })
}
