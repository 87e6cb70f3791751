import type { WechatLogger, WechatSession } from '@wechat-auth/wechat-oauth'
import {
  callVerify,
  readInfoCode,
  type Outcome,
  type VerifyAnswer,
} from '@wechat-auth/wechat-oauth/strategy-kit'
import type { Request } from 'express'
import type { WechatSessions } from './sessions.js'
import type { Identified } from './types.js'

/** The methods of a `WechatSessions` that the strategy needs. */
export type SessionChecks = Pick<WechatSessions<Identified>, 'getSession' | 'getUser'>

export interface GuardSettings {
  name: string
  sessions: SessionChecks
  verify: ((...parameters: never[]) => unknown) | undefined
  passReqToCallback: boolean
  logger: WechatLogger | undefined
}

/** Authenticates requests. Its fields are private, so that inspecting the strategy shows none of them. */
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
    // RFC 6750, section 3.1: a request without credentials gets no error code.
    if (credentials === undefined) return this.#refuse('it has no session token')
    const session = await this.#settings.sessions.getSession(credentials)
    if (!session) {
      const description = 'The session does not exist or has ended. Log in again'
      return this.#refuse('its session does not exist or has ended', { description })
    }
    const { user, info } = await this.#findUser(req, session)
    const told = typeof info === 'string' ? { message: info } : (info ?? {})
    if (!user) {
      const description = readMessage(told) ?? 'The user of this session does not exist'
      return this.#refuse('the user of its session does not exist, or verify refused the user', {
        description,
        code: readInfoCode(told),
      })
    }
    return { action: 'success', user, info: { ...told, ...session } }
  }

  async #findUser(req: Request, session: WechatSession): Promise<VerifyAnswer<Express.User>> {
    const { sessions, verify, passReqToCallback } = this.#settings
    if (!verify) return { user: (await sessions.getUser(session)) as Express.User | null }
    const values = passReqToCallback ? [req, session] : [session]
    // A verify function that declares no `done` can answer only with its return value.
    return callVerify(verify, values, verify.length === values.length)
  }

  /**
   * @param cause - for the logger, which gets nothing of verify's `info` but the code: the rest may describe the user
   * @param told.description - for the client
   */
  #refuse(
    cause: string,
    { description, code }: { description?: string; code?: string | number | undefined } = {},
  ): Outcome<Express.User> {
    const { name, logger } = this.#settings
    logger?.debug(`A request was refused: ${cause}`, { strategy: name, ...(code !== undefined && { code }) })
    const realm = `Bearer realm="${quotable(name)}"`
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

/** Reads the token after `Bearer`. Only this header is read (RFC 6750, section 2.1). */
function readBearerToken(req: Request): string | undefined {
  const header: unknown = (req.headers as Record<string, unknown> | undefined)?.['authorization']
  if (typeof header !== 'string' || !/^bearer(?: |$)/i.test(header)) return undefined
  return header.slice('bearer'.length).trim()
}

function readMessage(info: object): string | undefined {
  const { message } = info as { message?: unknown }
  return typeof message === 'string' && message !== '' ? message : undefined
}

// RFC 6750, section 3: the characters that error_description may contain.
function quotable(text: string): string {
  return text.replace(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, '?')
}
