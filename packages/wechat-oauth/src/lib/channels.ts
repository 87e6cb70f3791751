import { channel, tracingChannel, type TracingChannel } from 'node:diagnostics_channel'
import { NoOAuthTokenError } from '../errors.js'
import type {
  WechatCallMessage,
  WechatLockMessage,
  WechatLoginMessage,
  WechatOperationMessage,
  WechatRecordKind,
  WechatRefreshMessage,
  WechatStoreMessage,
} from '../diagnostics.js'

// Node.js's types have swapped these two parameters in version 26.
type Tracing<Message extends object> = TracingChannel<Message, Message>

export const callChannel: Tracing<WechatCallMessage> = tracingChannel('wechat-auth:call')
export const refreshChannel: Tracing<WechatRefreshMessage> = tracingChannel('wechat-auth:refresh')
export const lockChannel: Tracing<WechatLockMessage> = tracingChannel('wechat-auth:lock')
export const storeChannel: Tracing<WechatStoreMessage> = tracingChannel('wechat-auth:store')
const loginChannel = channel('wechat-auth:login')

/**
 * Runs an operation and publishes its events. If nobody listens, it only runs the operation.
 *
 * @param describe - makes the message
 * @param run - gets the message to fill, unless nobody listens. It rejects with errors of this package only
 */
export function traced<Message extends WechatOperationMessage, Result>(
  tracing: Tracing<Message>,
  describe: () => Message,
  run: (message?: Message) => Promise<Result>,
): Promise<Result> {
  return tracing.hasSubscribers ? publish(tracing, describe(), run) : run()
}

async function publish<Message extends WechatOperationMessage, Result>(
  tracing: Tracing<Message>,
  message: Message,
  run: (message: Message) => Promise<Result>,
): Promise<Result> {
  const startedAt = performance.now()
  let outcome: { result: Result } | { error: unknown } | undefined
  // It publishes the result too, which may be a token, so the function has none.
  const published = tracing.tracePromise(async () => {
    try {
      outcome = { result: await run(message) }
    } catch (error) {
      outcome = { error }
      const { code, errcode } = error as Partial<WechatOperationMessage>
      Object.assign(message, { code, ...(errcode !== undefined && { errcode }) })
      throw withoutOpenid(error)
    } finally {
      message.durationMs = performance.now() - startedAt
    }
  }, message)
  await published.catch(() => undefined)
  if (outcome && 'result' in outcome) return outcome.result
  throw outcome?.error
}

// The only error whose message names the user.
function withoutOpenid(error: unknown): unknown {
  return error instanceof NoOAuthTokenError ? new NoOAuthTokenError('***') : error
}

/** The kind of the record with this key, or that the lock with this key protects. */
export function recordKind(key: string): WechatRecordKind {
  const [, kind] = /^(?:ticket:(?=jsapi:|wx_card:)|(?=client:))(\w+):/.exec(key) ?? []
  return key === healthKey ? 'health' : ((kind as WechatRecordKind | undefined) ?? 'user')
}

/** The key of a read that only shows whether the store answers. It looks like an openid, but there is no such user. */
export const healthKey = 'wechat-auth-health'

/**
 * Publishes on the channel `wechat-auth:login` what a strategy made of a request. If nobody listens, it does nothing.
 *
 * @param facts - makes the message; called only if somebody listens
 */
export function publishLogin(facts: () => WechatLoginMessage): void {
  if (loginChannel.hasSubscribers) loginChannel.publish(facts())
}
