import { NoOAuthTokenError } from '../errors.js'
import type { WechatToken } from '../types.js'
import { makeAccessToken } from './access-token.js'
import { awaitOutcome } from './callbacks.js'
import type { RefreshingApplication } from './application.js'
import { getParts } from './parts.js'
import type { AccessToken } from './types.js'

/**
 * Returns an access token for a user: the saved one, or a new one after a refresh. All callers share one refresh.
 *
 * @param refused - an access token that WeChat refuses, although by its times it is valid
 */
export async function userToken(
  oauth: RefreshingApplication,
  openid: string,
  refused?: string,
): Promise<string> {
  const { refreshing } = getParts(oauth)
  const { token } = await savedToken(oauth, openid, refused)
  if (token !== undefined) return token
  const running = refreshing.get(openid)
  if (running) return running
  const refresh = refreshToken(oauth, openid, refused).finally(() => refreshing.delete(openid))
  refreshing.set(openid, refresh)
  return refresh
}

async function refreshToken(oauth: RefreshingApplication, openid: string, refused?: string): Promise<string> {
  // Another caller may have refreshed it since it was read.
  const { record, token } = await savedToken(oauth, openid, refused)
  if (token !== undefined) return token
  const { data } = await awaitOutcome<AccessToken>((callback) => {
    oauth.refreshAccessToken(record.refresh_token ?? '', callback)
  })
  return data.access_token ?? ''
}

async function savedToken(
  oauth: RefreshingApplication,
  openid: string,
  refused?: string,
): Promise<{ record: WechatToken; token: string | undefined }> {
  const record = await getParts(oauth).access.read(openid)
  if (!record) throw new NoOAuthTokenError(openid)
  return {
    record,
    token:
      makeAccessToken(record).isValid() && record.access_token !== refused ? record.access_token : undefined,
  }
}
