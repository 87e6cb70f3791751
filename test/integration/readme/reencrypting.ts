import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import { encryptedTokenStore, type TokenStore, type WechatToken } from '@wechat-auth/wechat-oauth'
import { blockOf, chinese, codeIn, english, readmeOf, tableOf } from './markdown.js'
import { runPart } from './running.js'

const heading = /^Encrypting existing records|^加密已有记录/

/** The pieces of code by which the README of wechat-oauth has the keys of a database listed, in both languages. */
export function listingOf(database: string): string[] {
  const [code = [], other] = [english, chinese].map((file) => {
    const row = tableOf(readmeOf('packages/wechat-oauth', file), heading).find(([name]) => name === database)
    return codeIn(row?.[1] ?? '')
  })
  expect(code).to.deep.equal(other).and.to.not.deep.equal([])
  return code
}

/** Has the recipe of the README of wechat-oauth encrypt the records of a store, whose keys `list` asks the database for. */
export async function expectRecipeToEncrypt(plain: TokenStore, list: () => Promise<unknown>): Promise<void> {
  const records: WechatToken[] = ['o1', 'oÄ ', 'client:wx1'].map((openid) => ({
    openid,
    access_token: `clear ${openid}`,
    refresh_token: 'clear',
    expires_in: 7200,
    create_at: 1,
  }))
  for (const record of records) await plain.saveToken(record.openid, record)
  const keys = [{ id: 'k1', key: randomBytes(32) }]
  const scope = { store: encryptedTokenStore(plain, { keys, acceptPlaintext: true }), keys: await list() }
  await runPart(blockOf(readmeOf('packages/wechat-oauth', english), heading), scope)
  const encrypted = encryptedTokenStore(plain, { keys })
  for (const record of records) {
    expect(JSON.stringify(await plain.getToken(record.openid))).to.not.contain('clear')
    expect(await encrypted.getToken(record.openid)).to.deep.equal(record)
  }
}
