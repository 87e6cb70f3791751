import { callVerify as call, type VerifyAnswer } from '@wechat-auth/wechat-oauth/strategy-kit'
import type { RequestParts } from './request.js'
import type { AnyWechatVerify, WechatVerifyInput } from './types.js'

export interface VerifyOptions {
  passReqToCallback: boolean
  verifyArguments: 'positional' | 'object' | undefined
}

/** Calls verify in the form that it declares. If the object is its only parameter, it can answer only with its return value. */
export function callVerify(
  verify: AnyWechatVerify,
  input: WechatVerifyInput<RequestParts>,
  options: VerifyOptions,
): Promise<VerifyAnswer<Express.User>> {
  const values = chooseArguments(verify.length, input, options)
  return call(verify, values, values.length === 1 && verify.length === 1)
}

function chooseArguments(
  length: number,
  input: WechatVerifyInput<RequestParts>,
  { passReqToCallback, verifyArguments }: VerifyOptions,
): unknown[] {
  if (verifyArguments === 'object' || (verifyArguments === undefined && length === 1)) return [input]
  const { accessToken, refreshToken, params, profile, req } = input
  const withParams = length === (passReqToCallback ? 6 : 5)
  return [
    ...(passReqToCallback ? [req] : []),
    accessToken,
    refreshToken,
    ...(withParams ? [params] : []),
    profile,
  ]
}
