export { WechatOAuth } from './client.js'
export { encryptedTokenStore } from './encrypted-token-store.js'
export { WECHAT_ERRCODES } from './errcodes.js'
export {
  NoOAuthTokenError,
  TokenStoreError,
  WechatAPIError,
  WechatDecryptError,
  WechatError,
  WechatTransportError,
} from './errors.js'
export { MemoryTokenStore } from './memory-token-store.js'
export { isTokenValid } from './token.js'

export type { MpPageParameters, WebsitePageParameters } from './authorize-url.js'
export type { EncryptedTokenStoreOptions, EncryptionKey } from './encrypted-token-store.js'
export type { DriverErrorFacts, WechatErrorCode, WechatErrorKind } from './errors.js'
export type { MemoryTokenStoreOptions } from './memory-token-store.js'
export type { EncryptedUserData } from './mini-program-data.js'
export type {
  Endpoints,
  GetTokenFunction,
  LockOptions,
  MiniProgramData,
  SaveTokenFunction,
  TokenStore,
  TokenStoreSource,
  WechatLang,
  WechatLogger,
  WechatMode,
  WechatOAuthOptions,
  WechatToken,
  WechatUser,
} from './types.js'
