import { randomBytes } from 'node:crypto'
import { WechatError } from '@wechat-auth/wechat-oauth'
import { awaitCallback } from '../await-callback.js'
import { bindMethod, type RequestParts } from '../request.js'
import type { StateMeta, StateStore } from './contract.js'
import { isLoginRecord, longestState, type Found, type LoginRecord, type StateKeeper } from './record.js'

type Method = (...parameters: unknown[]) => unknown

/** Adapts a state store of passport-oauth2's contract, which expects arguments according to its number of parameters. */
export class ForeignStateStore implements StateKeeper {
  readonly #store: StateStore

  constructor(store: StateStore) {
    this.#store = store
  }

  async keep(req: RequestParts, record: LoginRecord, metaOf: () => StateMeta): Promise<string> {
    const store = findMethod(this.#store, 'store')
    const meta = metaOf()
    if (record.app !== undefined && store.length < 4) {
      throw new WechatError(
        'ERR_WECHAT_CONFIG',
        'This state store cannot keep the application state: its store function declares fewer than four parameters',
      )
    }
    const [state] = await awaitCallback((callback) => {
      switch (store.length) {
        // passport-oauth2's store for PKCE. WeChat has no PKCE, but this store returns the verifier if the state is valid.
        case 5:
          return store(req, randomBytes(32).toString('base64url'), record, meta, callback)
        case 4:
          return store(req, record, meta, callback)
        case 3:
          return store(req, meta, callback)
        default:
          return store(req, callback)
      }
    })
    if (typeof state !== 'string' || !/^[\w.~-]+$/.test(state) || state.length > longestState) {
      throw new WechatError(
        'ERR_WECHAT_STATE_STORE',
        `The state store must return a state of 1 to ${longestState} characters of A-Z a-z 0-9 . _ ~ - because WeChat damages or drops others`,
      )
    }
    return state
  }

  async take(req: RequestParts, state: string, metaOf: () => StateMeta): Promise<Found> {
    const verify = findMethod(this.#store, 'verify')
    const meta = metaOf()
    const [ok, kept] = await awaitCallback((callback) =>
      verify.length === 4 ? verify(req, state, meta, callback) : verify(req, state, callback),
    )
    if (!ok) return { found: false, expired: kept === 'expired' }
    return { found: true, used: ok === 'used', record: isLoginRecord(kept) ? kept : undefined }
  }
}

// Looked up at each call, because applications may wrap the store's methods later.
function findMethod(store: StateStore, name: 'store' | 'verify'): Method {
  const method = bindMethod(store, name)
  if (!method) throw new TypeError(`The state store has no function ${name}`)
  return method
}
