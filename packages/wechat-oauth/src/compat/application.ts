import type { GetTokenFunction, SaveTokenFunction } from '../types.js'
import type { AccessToken, OAuthCallback, OAuthOptions } from './types.js'

/** The fields of an `OAuth` that the application sets, and may change at any time. */
export interface Application {
  readonly appid: string
  readonly appsecret: string
  readonly getToken: GetTokenFunction
  readonly saveToken: SaveTokenFunction
  readonly defaults: OAuthOptions | undefined
}

/** An `OAuth` whose `refreshAccessToken` the application may have replaced. */
export interface RefreshingApplication extends Application {
  refreshAccessToken(refreshToken: string, callback?: OAuthCallback<AccessToken>): void
}
