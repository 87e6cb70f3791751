import type { Wechat } from '../wechat/wechat.js'
import { told, type Attempt, type Visitor } from './visitor.js'

/** A scenario that is tried with each strategy. Resolves to a readable outcome. */
export interface Scene {
  readonly what: string
  /** Without `app.use(passport.initialize())`, which Passport no longer needs. */
  readonly withoutInitialize?: boolean
  play(visitor: Visitor, wechat: Wechat): Promise<string>
}

const tokenPath = '/sns/oauth2/access_token'
const userPath = '/sns/userinfo'
const nobody: Attempt = { cookie: '', page: new URL('none:') }

async function codeFrom(wechat: Wechat): Promise<string> {
  const [code = ''] = await wechat.issueCodes(1)
  return code
}

async function logIn(visitor: Visitor, wechat: Wechat): ReturnType<Visitor['comeBack']> {
  return visitor.comeBack(await visitor.begin(), { code: await codeFrom(wechat) })
}

async function withFault(
  wechat: Wechat,
  path: string,
  fault: Parameters<Wechat['fail']>[1],
  visitor: Visitor,
): ReturnType<Visitor['comeBack']> {
  await wechat.fail(path, fault)
  try {
    return await logIn(visitor, wechat)
  } finally {
    await wechat.fail(path, null)
  }
}

export const scenes: readonly Scene[] = [
  {
    what: 'a login',
    play: async (visitor, wechat) => told(await logIn(visitor, wechat)),
  },
  {
    what: "a callback without a login, with an attacker's code",
    play: async (visitor, wechat) =>
      told(await visitor.comeBack(nobody, { code: await codeFrom(wechat), state: 'forged' })),
  },
  {
    what: 'the user refuses: WeChat sends only the state',
    play: async (visitor) => told(await visitor.comeBack(await visitor.begin(), {})),
  },
  {
    what: "WeChat's browser requests the callback twice: the second answer",
    play: async (visitor, wechat) => {
      const attempt = await visitor.begin()
      const query = { code: await codeFrom(wechat) }
      await visitor.comeBack(attempt, query)
      return told(await visitor.comeBack(attempt, query))
    },
  },
  {
    what: 'a code that was used before',
    play: async (visitor, wechat) => {
      const code = await codeFrom(wechat)
      await visitor.comeBack(await visitor.begin(), { code })
      return told(await visitor.comeBack(await visitor.begin(), { code }))
    },
  },
  {
    what: 'WeChat refuses the user data (48001)',
    play: async (visitor, wechat) => told(await withFault(wechat, userPath, { errcode: 48001 }, visitor)),
  },
  {
    what: 'WeChat answers null',
    play: async (visitor, wechat) => told(await withFault(wechat, tokenPath, { body: 'null' }, visitor)),
  },
  {
    what: 'WeChat does not answer',
    play: async (visitor, wechat) => {
      const started = performance.now()
      const answer = await withFault(wechat, tokenPath, 'hang', visitor)
      return answer === 'waiting'
        ? told(answer)
        : `${told(answer)}, after ${Math.round((performance.now() - started) / 1000)} s`
    },
  },
  {
    what: 'the app secret in the error of a failed connection',
    play: async (visitor, wechat) => {
      const answer = await withFault(wechat, tokenPath, 'reset', visitor)
      return typeof answer === 'object' && answer.body.includes('"showsSecret":true') ? 'shown' : 'not shown'
    },
  },
  {
    what: 'without passport.initialize()',
    withoutInitialize: true,
    play: async (visitor, wechat) => told(await logIn(visitor, wechat)),
  },
  {
    what: 'the link to WeChat ends in #wechat_redirect',
    play: async (visitor) => ((await visitor.begin()).page.hash === '#wechat_redirect' ? 'yes' : 'no'),
  },
]
