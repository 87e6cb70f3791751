import type { WechatToken } from '@wechat-auth/wechat-oauth'
import { Schema } from 'mongoose'

/**
 * The mongoose schema of the documents that a `MongoTokenStore` keeps, for an application that wants its own model of the same
 * collection, e.g. to count or clean up: `connection.model('Token', tokenSchema, 'tokens')`. The store itself does not need a
 * model. A schema works only with connections of the same copy of mongoose; this one uses the copy that this package resolves.
 *
 * The schema does not build indexes: `await store.init()` does.
 */
export const tokenSchema: Schema<WechatToken> = new Schema<WechatToken>(
  {
    openid: String,
    access_token: String,
    expires_in: Number,
    refresh_token: String,
    scope: String,
    create_at: Number,
    unionid: String,
    session_key: String,
    is_snapshotuser: Number,
  },
  { strict: false, minimize: false, versionKey: false, id: false, autoIndex: false, autoCreate: false },
)

tokenSchema.path('openid').required(true)
tokenSchema.index({ openid: 1 }, { unique: true })
