import { checkName, isWellFormed } from '@wechat-auth/wechat-oauth/store-kit'

/** @throws TypeError; what has no UTF-8 would be saved as another name */
export function checkText(name: string, value: unknown): asserts value is string {
  checkName(name, value)
  if (!isWellFormed(value)) throw new TypeError(`${name} must be a well-formed string`)
}
