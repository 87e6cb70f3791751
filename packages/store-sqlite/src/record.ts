import type { WechatToken } from '@wechat-auth/wechat-oauth'
import { asStoreError, corruptRecord, decodeRecord } from '@wechat-auth/wechat-oauth/store-kit'

/** @param what - what is done with it: completes "failed to …" */
export function jsonOf(record: object, what: string): string {
  try {
    return JSON.stringify(record)
  } catch (error) {
    throw asStoreError(error, what)
  }
}

/** What a column holds. @throws StoreError when it is no record */
export function recordIn(column: unknown): WechatToken {
  if (typeof column !== 'string') throw corruptRecord()
  return decodeRecord(column)
}
