import type { RegisteredUser, UserProfile, WechatAccount } from '@wechat-auth/wechat-oauth'
import { corruptRecord } from '@wechat-auth/wechat-oauth/store-kit'
import type { Connection, Transaction } from './connection.js'
import type { UserTables } from './schema.js'
import type { Value } from './sqlite-database.js'

/** Reads inside or outside a transaction. */
type Reader = Pick<Connection | Transaction, 'read'>

/** The columns for WeChat's profile, with their types. */
const profileColumns = {
  nickName: 'string',
  gender: 'number',
  language: 'string',
  city: 'string',
  province: 'string',
  country: 'string',
} as const
const profileNames = Object.keys(profileColumns) as (keyof typeof profileColumns)[]

/** The statements on the tables of users. */
export class UserTable {
  readonly #selectByAccount: string
  readonly #selectByUnionid: string
  readonly #selectUnclaimed: string
  readonly #has: string
  readonly #insert: string
  readonly #claim: string
  readonly #freeUnionid: string
  readonly #claimUnionid: string

  constructor({ users, accounts, unionids }: UserTables) {
    const user = (openid: string): string => `SELECT json_array(u.openId, ${openid},
      (SELECT unionid FROM ${unionids} WHERE user_id = u.openId), ${profileNames.map((name) => `u.${name}`).join(', ')}) FROM ${users} AS u`
    const firstOpenid = `(SELECT openid FROM ${accounts} WHERE user_id = u.openId ORDER BY rowid LIMIT 1)`
    const isUnclaimed = `NOT EXISTS (SELECT 1 FROM ${accounts} WHERE user_id = u.openId) AND NOT EXISTS (SELECT 1 FROM ${unionids} WHERE user_id = u.openId)`
    this.#selectByAccount = `${user('?')} WHERE u.openId = (SELECT user_id FROM ${accounts} WHERE appid = ? AND openid = ?)`
    this.#selectByUnionid = `${user(firstOpenid)} WHERE u.openId = (SELECT user_id FROM ${unionids} WHERE unionid = ?)`
    this.#selectUnclaimed = `${user('u.openId')} WHERE u.openId = ? AND ${isUnclaimed}`
    this.#has = `SELECT 1 FROM ${users} WHERE openId = ?`
    this.#insert = `INSERT INTO ${users} (openId, ${profileNames.join(', ')}) VALUES (?${', ?'.repeat(profileNames.length)})`
    this.#claim = `INSERT INTO ${accounts} AS a (appid, openid, user_id) VALUES (?, ?, ?)
      ON CONFLICT (appid, openid) DO UPDATE SET user_id = excluded.user_id WHERE NOT EXISTS (SELECT 1 FROM ${users} WHERE openId = a.user_id)`
    this.#freeUnionid = `DELETE FROM ${unionids} WHERE unionid = ? AND NOT EXISTS (SELECT 1 FROM ${users} WHERE openId = user_id)`
    this.#claimUnionid = `INSERT INTO ${unionids} (unionid, user_id) VALUES (?, ?) ON CONFLICT DO NOTHING`
  }

  findByAccount(reader: Reader, { appId, openid }: WechatAccount): RegisteredUser | undefined {
    return parseUser(reader.read(this.#selectByAccount, openid, appId, openid))
  }

  /** Returns the user with this unionid, or a user without an account whose id it is. */
  findByUnionid(reader: Reader, unionid: string): RegisteredUser | undefined {
    const user = parseUser(reader.read(this.#selectByUnionid, unionid))
    if (user) return user
    const namesake = this.findUnclaimed(reader, unionid)
    return namesake && { ...namesake, unionid }
  }

  /** Returns the user with this id, if they have no account yet. */
  findUnclaimed(reader: Reader, id: string): RegisteredUser | undefined {
    return parseUser(reader.read(this.#selectUnclaimed, id))
  }

  has(reader: Reader, id: string): boolean {
    return reader.read(this.#has, id) !== undefined
  }

  insert(transaction: Transaction, id: string, profile: UserProfile): void {
    transaction.write(this.#insert, id, ...profileNames.map((name) => toColumn(profile, name)))
  }

  /** Assigns the account and the unionid to the user, unless another existing user has them. */
  attach(transaction: Transaction, id: string, { appId, openid, unionid }: WechatAccount): void {
    transaction.write(this.#claim, appId, openid, id)
    if (unionid === undefined) return
    const namesake = this.findUnclaimed(transaction, unionid)
    if (namesake && namesake.id !== id) return
    transaction.write(this.#freeUnionid, unionid)
    transaction.write(this.#claimUnionid, unionid, id)
  }
}

/** Returns `null` for a value of another type, because SQLite would convert it. */
function toColumn(profile: UserProfile, name: keyof typeof profileColumns): Value {
  const value = profile[name]
  return value !== undefined && typeof value === profileColumns[name] ? value : null
}

function parseUser(column: unknown): RegisteredUser | undefined {
  if (column === undefined) return undefined
  if (typeof column !== 'string') throw corruptRecord()
  const [id, openid, unionid, ...values] = JSON.parse(column) as [
    string,
    string,
    string | null,
    ...(string | number | null)[],
  ]
  const told = profileNames
    .map((name, place) => [name, values[place]] as const)
    .filter(([, value]) => value !== null)
  return {
    id,
    openid,
    ...(unionid !== null && { unionid }),
    ...(told.length > 0 && { profile: Object.fromEntries(told) }),
  }
}
