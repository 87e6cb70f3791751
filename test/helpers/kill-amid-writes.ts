import { expect } from 'chai'
import { StoreError, type TokenStore, type WechatToken } from '@wechat-auth/wechat-oauth'
import type { Server } from '../services/server.js'

export const writes = 2000
const writers = 50

export interface Aftermath {
  /** What was acknowledged before the server was killed, and from then on. */
  before: Map<string, WechatToken>
  after: Map<string, WechatToken>
  /** What the other writes were rejected with. */
  rejected: unknown[]
}

interface KillOptions {
  makeToken: (openid: string, fields: Pick<WechatToken, 'access_token' | 'create_at'>) => WechatToken
  /**
   * Whether a writer whose write failed waits until the server is up again: else all that are left would fail before.
   * Not needed where the client keeps commands until it is connected again.
   */
  waitAfterFailure: boolean
}

/** Has writers save tokens side by side, `writes` in all, and kills the server and starts it again when a quarter is acknowledged. */
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

/** Expects every write to have been acknowledged or rejected as a store rejects, and the outage to have been felt. */
export function expectEachToBeAnswered({ before, after, rejected }: Aftermath): void {
  expect(before.size + after.size + rejected.length).to.equal(writes)
  expect(rejected).to.not.be.empty
  for (const error of rejected) expect(error).to.be.an.instanceOf(StoreError)
}
