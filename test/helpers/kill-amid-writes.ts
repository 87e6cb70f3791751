import { expect } from 'chai'
import { StoreError, type TokenStore, type WechatToken } from '@wechat-auth/wechat-oauth'
import type { Server } from '../services/server.js'

export const writes = 2000
const writers = 50

export interface Aftermath {
  /** The writes that were acknowledged before and after the server was killed. */
  before: Map<string, WechatToken>
  after: Map<string, WechatToken>
  /** The errors of the other writes. */
  rejected: unknown[]
}

interface KillOptions {
  makeToken: (openid: string, fields: Pick<WechatToken, 'access_token' | 'create_at'>) => WechatToken
  /**
   * Whether a writer waits after a failure until the server is up again. Otherwise all remaining writes would fail first.
   * Not needed if the client keeps commands until it is connected again.
   */
  waitAfterFailure: boolean
}

/** Saves `writes` tokens from parallel writers, and restarts the server by a kill once a quarter is acknowledged. */
export async function killAmidWrites(
  server: Pick<Server, 'kill' | 'restart'>,
  store: TokenStore,
  { makeToken, waitAfterFailure }: KillOptions,
): Promise<Aftermath> {
  const [before, after] = [new Map<string, WechatToken>(), new Map<string, WechatToken>()]
  const rejected: unknown[] = []
  let next = 0
  let outage: Promise<void> | undefined

  const write = async (): Promise<void> => {
    while (next < writes) {
      const openid = `o${next}`
      next += 1
      const token = makeToken(openid, { access_token: `token ${next}`, create_at: 1_763_000_000_000 + next })
      try {
        await store.saveToken(openid, token)
        ;(outage ? after : before).set(openid, token)
      } catch (error) {
        rejected.push(error)
        if (waitAfterFailure) await outage
      }
      if (before.size >= writes / 4) outage ??= server.kill().then(() => server.restart())
    }
  }
  await Promise.all(Array.from({ length: writers }, write))
  await outage
  return { before, after, rejected }
}

/** Expects every write to be acknowledged or rejected with a store's error, and the outage to have an effect. */
export function expectEachToBeAnswered({ before, after, rejected }: Aftermath): void {
  expect(before.size + after.size + rejected.length).to.equal(writes)
  expect(rejected).to.not.be.empty
  for (const error of rejected) expect(error).to.be.an.instanceOf(StoreError)
}
