export { WechatOAuth } from './client.js'
export { encryptedTokenStore } from './tokens/encrypted-token-store.js'
export { WECHAT_ERRCODES } from './errcodes.js'
export {
  NoOAuthTokenError,
  StoreError,
  /** @deprecated The old name of `StoreError`. */
  StoreError as TokenStoreError,
  WechatAPIError,
  WechatDecryptError,
  WechatError,
  WechatSessionError,
  WechatTransportError,
} from './errors.js'
export { jsSDKHandler } from './api/js-sdk-handler.js'
export { MemoryTokenStore } from './tokens/memory-token-store.js'
export { isTokenValid } from './tokens/token.js'

export type { MpPageParameters, WebsitePageParameters } from './api/authorize-url.js'
export type { EncryptedTokenStoreOptions, EncryptionKey } from './tokens/encrypted-token-store.js'
export type {
  WechatCallMessage,
  WechatLockMessage,
  WechatLoginMessage,
  WechatOperationMessage,
  WechatRecordKind,
  WechatRefreshMessage,
  WechatStoreMessage,
} from './diagnostics.js'
export type { DriverErrorFacts, WechatAPIErrorDetails, WechatErrorCode, WechatErrorKind } from './errors.js'
export type { JsSDKSignOptions } from './api/js-sdk.js'
export type { JsSDKHandlerOptions, JsSDKRequest, JsSDKResponse } from './api/js-sdk-handler.js'
export type { MemoryTokenStoreOptions } from './tokens/memory-token-store.js'
export type { EncryptedUserData } from './api/mini-program-data.js'
export type {
  CreatedUser,
  RegisteredUser,
  SessionStore,
  StoredSession,
  UserProfile,
  UserStore,
  WechatAccount,
  WechatSession,
} from './session-contracts.js'
export type {
  Endpoints,
  GetTokenFunction,
  JsSDKSignature,
  LockOptions,
  MiniProgramData,
  QRCodeData,
  QRCodeTicket,
  SaveTokenFunction,
  TokenStore,
  TokenStoreSource,
  WechatHealth,
  WechatLang,
  WechatLogger,
  WechatMode,
  WechatOAuthOptions,
  WechatPhoneInfo,
  WechatTicketType,
  WechatToken,
  WechatUser,
} from './types.js'
