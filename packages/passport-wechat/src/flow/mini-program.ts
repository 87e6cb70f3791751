import { WechatError, type WechatDecryptError, type WechatOAuth } from '@wechat-auth/wechat-oauth'
import { withDeadline } from '@wechat-auth/wechat-oauth/store-kit'
import {
  isObject,
  MiniProgramInputReader,
  openUserData,
  type DataRefusalCode,
} from '@wechat-auth/wechat-oauth/strategy-kit'
import type { Apps } from '../apps.js'
import type { Settings } from '../options.js'
import { refuseByKind, requestRefusal, Refusal, type Outcome } from '../outcome.js'
import { readMiniProgramData } from '../profile.js'
import { readHeader, type RequestParts } from '../request.js'
import type { MiniProgramInput } from '../types.js'
import type { IdentifyFlow } from './identify.js'

/**
 * A mini-program sends the code of `wx.login` as JSON. The session_key is kept in the token store only.
 *
 * The body must have `Content-Type: application/json`. A page of another site cannot send that without a CORS preflight, so it
 * cannot log its visitors in to another account.
 */
export class MiniProgramFlow {
  readonly #settings: Settings
  readonly #apps: Apps
  readonly #identify: IdentifyFlow

  constructor(settings: Settings, apps: Apps, identify: IdentifyFlow) {
    this.#settings = settings
    this.#apps = apps
    this.#identify = identify
  }

  async logIn(req: RequestParts): Promise<Outcome> {
    const input = readInput(await this.#read(req))
    const client = await this.#apps.forRequest(req).client('miniprogram')
    const { session_key: sessionKey, ...session } = await refuseByKind(client.code2Session(input.code))
    const { openid } = session
    checkSignature(client, sessionKey, input)
    const data = openUserData(client, { ...input, sessionKey }, session, dataRefusal)
    const identifiers = { openid, ...(session.unionid !== undefined && { unionid: session.unionid }) }
    return this.#identify.conclude({
      req,
      mode: 'miniprogram',
      appId: client.appId,
      token: session,
      person: data ? readMiniProgramData(data) : {},
      params: identifiers,
    })
  }

  async #read(req: RequestParts): Promise<unknown> {
    const { miniProgramInput, readBody, timeout } = this.#settings
    if (!miniProgramInput) {
      refuseOtherTypes(req)
      if (!readBody) return readParsedBody(req)
      return withDeadline(
        timeout,
        (deadline) => readBody(req, deadline),
        () => requestRefusal(`The body did not arrive within ${timeout} ms`),
      )
    }
    return withDeadline(
      timeout,
      () => miniProgramInput(req),
      () => new WechatError('ERR_WECHAT_CONFIG', `miniProgramInput did not answer within ${timeout} ms`),
    )
  }
}

function refuseOtherTypes(req: RequestParts): void {
  const type = readHeader(req, 'content-type')?.split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/json')
    throw requestRefusal('Send the code as JSON, with Content-Type: application/json')
}

/** The body that a parser such as `express.json()` has left on the request. */
function readParsedBody({ body }: RequestParts): unknown {
  if (body === undefined)
    throw requestRefusal('The request has no parsed body. Use express.json() before the route', 'warn')
  return body
}

function readInput(input: unknown): MiniProgramInput {
  if (!isObject(input) || Array.isArray(input))
    throw requestRefusal('The body must be a JSON object with the code of wx.login')
  const reader = new MiniProgramInputReader(input, (message) => requestRefusal(message))
  return {
    code: reader.code(),
    ...reader.pair('encryptedData', 'iv'),
    ...reader.pair('rawData', 'signature'),
  }
}

function checkSignature(
  client: WechatOAuth,
  sessionKey: string,
  { rawData, signature }: MiniProgramInput,
): void {
  if (rawData === undefined || signature === undefined) return
  if (!client.verifyUserSignature({ rawData, signature, sessionKey }))
    throw new Refusal('ERR_WECHAT_SIGNATURE')
}

function dataRefusal(code: DataRefusalCode, error: WechatDecryptError): Refusal {
  return code === 'ERR_WECHAT_ENCRYPTED_DATA'
    ? new Refusal(code, { message: error.message })
    : new Refusal(code)
}
