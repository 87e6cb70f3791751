import type { WechatToken } from '@wechat-auth/wechat-oauth'
import { Schema } from 'mongoose'

/**
 * The mongoose schema of the documents that a `MongoTokenStore` keeps, for an application that wants a model of its own on
 * the same collection, to count or to clean up: `connection.model('Token', tokenSchema, 'tokens')`. The store itself needs
 * no model. A schema works with connections of its own copy of mongoose only: this one is of the copy that this package finds.
 *
 * It builds nothing by itself: `await store.init()` builds the indexes.
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
