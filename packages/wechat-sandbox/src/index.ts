export { startSandbox, type SandboxOptions } from './start-sandbox.js'
export type { AppUser, JsSDKPage, Sandbox, SandboxTls } from './sandbox.js'
export type { JsSDKVerdict } from './endpoints/js-sdk.js'
export type { Fault, FaultBody, FaultOptions } from './faults.js'
export type { LoggedRequest } from './http/request-log.js'
export type { ConnectionCounts } from './http/server.js'
export type { App, AppType, SandboxApp } from './world/apps.js'
export type { SandboxSettings } from './world/settings.js'
export type { EncryptedUserData } from './world/user-data.js'
export type { SandboxUser, User, UserState } from './world/users.js'

// Old names.
export type {
  /** @deprecated The old name of `JsSDKPage`. */
  JsSDKPage as JsSdkPage,
} from './sandbox.js'
export type {
  /** @deprecated The old name of `JsSDKVerdict`. */
  JsSDKVerdict as JsSdkVerdict,
} from './endpoints/js-sdk.js'
