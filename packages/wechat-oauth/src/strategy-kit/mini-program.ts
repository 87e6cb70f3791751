import { WechatDecryptError } from '../errors.js'
import {
  bindToIdentity,
  dataRefusalCode,
  type DataRefusalCode,
  type WechatIdentity,
} from '../api/identity.js'
import { isCode } from '../lib/arguments.js'
import type { MiniProgramData } from '../types.js'

const longest = { code: 512, encryptedData: 1024 * 1024, iv: 256, rawData: 1024 * 1024, signature: 256 }

type PairedField = Exclude<keyof typeof longest, 'code'>

/**
 * Reads what a mini-program sent after `wx.login`. The input comes from the network, so only its own members count, and each
 * one is checked when it is read.
 */
export class MiniProgramInputReader {
  readonly #input: object
  readonly #refusal: (message: string) => Error

  /**
   * @param input - `null` and `undefined` members count as absent
   * @param refusal - makes the error that a bad member throws
   */
  constructor(input: object, refusal: (message: string) => Error) {
    this.#input = input
    this.#refusal = refusal
  }

  code(): string {
    const code = this.text('code', longest.code)
    if (!isCode(code)) throw this.#refusal('code must be the code of wx.login')
    return code
  }

  /** Two fields that mean nothing without each other; empty if both are absent. */
  pair<One extends PairedField, Other extends PairedField>(
    one: One,
    other: Other,
  ): Partial<Record<One | Other, string>> {
    const [first, second] = [this.text(one, longest[one]), this.text(other, longest[other])]
    if (first === undefined && second === undefined) return {}
    if (first === undefined || second === undefined)
      throw this.#refusal(`Send both ${one} and ${other}, or neither`)
    return { [one]: first, [other]: second } as Record<One | Other, string>
  }

  text(name: string, longestText: number): string | undefined {
    const value: unknown = Object.hasOwn(this.#input, name)
      ? (this.#input as Record<string, unknown>)[name]
      : undefined
    if (value === undefined || value === null) return undefined
    if (typeof value !== 'string' || value === '' || value.length > longestText)
      throw this.#refusal(`${name} must be a non-empty string of at most ${longestText} characters`)
    return value
  }
}

/** The part of a `WechatOAuth` that opens encrypted data. */
interface Decrypter {
  decryptMiniProgramUser(data: { sessionKey: string; encryptedData: string; iv: string }): MiniProgramData
}

/**
 * Opens the encrypted data of a login, if the mini-program sent any, and binds it to the identity in WeChat's reply.
 *
 * @param refusal - makes the error to throw if the data is refused
 */
export function openUserData(
  client: Decrypter,
  data: { sessionKey: string; encryptedData?: string | undefined; iv?: string | undefined },
  identity: WechatIdentity,
  refusal: (code: DataRefusalCode, error: WechatDecryptError) => Error,
): MiniProgramData | undefined {
  const { sessionKey, encryptedData, iv } = data
  if (encryptedData === undefined || iv === undefined) return undefined
  try {
    return bindToIdentity(client.decryptMiniProgramUser({ sessionKey, encryptedData, iv }), identity)
  } catch (error) {
    throw error instanceof WechatDecryptError ? refusal(dataRefusalCode(error), error) : error
  }
}
