import type { WechatSession } from '@wechat-auth/wechat-oauth'
import { callVerify, type Outcome, type VerifyAnswer } from '@wechat-auth/wechat-oauth/strategy-kit'
import type { Request } from 'express'
import type { WechatSessions } from './sessions.js'
import type { Identified } from './types.js'

/** What the strategy needs of a `WechatSessions`. */
export type SessionChecks = Pick<WechatSessions<Identified>, 'getSession' | 'getUser'>

export interface GuardSettings {
  name: string
  sessions: SessionChecks
  verify: ((...parameters: never[]) => unknown) | undefined
  passReqToCallback: boolean
}

/** Decides about requests, behind private fields: inspecting the strategy shows none of it. */
export class Guard {
  readonly #settings: GuardSettings

  constructor(settings: GuardSettings) {
    this.#settings = settings
  }

  /** Never rejects. */
  async authenticate(req: Request): Promise<Outcome<Express.User>> {
    try {
      return await this.#decide(req)
    } catch (error) {
      return { action: 'error', error }
    }
  }

  async #decide(req: Request): Promise<Outcome<Express.User>> {
    const credentials = readBearerToken(req)
    // RFC 6750, section 3.1: who sent nothing is not told of an error.
    if (credentials === undefined) return this.#refusal()
    const session = await this.#settings.sessions.getSession(credentials)
    if (!session) return this.#refusal('The session is over or was never there: log in again')
    const { user, info } = await this.#findUser(req, session)
    const told = typeof info === 'string' ? { message: info } : (info ?? {})
    if (!user) return this.#refusal(readMessage(told) ?? 'There is no user of this session')
    return { action: 'success', user, info: { ...told, ...session } }
  }

  async #findUser(req: Request, session: WechatSession): Promise<VerifyAnswer<Express.User>> {
    const { sessions, verify, passReqToCallback } = this.#settings
    if (!verify) return { user: (await sessions.getUser(session)) as Express.User | null }
    const values = passReqToCallback ? [req, session] : [session]
    // Who declares no `done` can answer in no other way than by what it returns.
    return callVerify(verify, values, verify.length === values.length)
  }

  #refusal(description?: string): Outcome<Express.User> {
    const realm = `Bearer realm="${quotable(this.#settings.name)}"`
    return {
      action: 'fail',
      challenge:
        description === undefined
          ? realm
          : `${realm}, error="invalid_token", error_description="${quotable(description)}"`,
      status: 401,
    }
  }
}

/** What follows `Bearer`; the header is the only place (RFC 6750, section 2.1) where a token is looked for. */
function readBearerToken(req: Request): string | undefined {
  const header: unknown = (req.headers as Record<string, unknown> | undefined)?.['authorization']
  if (typeof header !== 'string' || !/^bearer(?: |$)/i.test(header)) return undefined
  return header.slice('bearer'.length).trim()
}

function readMessage(info: object): string | undefined {
  const { message } = info as { message?: unknown }
  return typeof message === 'string' && message !== '' ? message : undefined
}

// RFC 6750, section 3: what an error_description may be made of.
function quotable(text: string): string {
  return text.replace(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, '?')
}
