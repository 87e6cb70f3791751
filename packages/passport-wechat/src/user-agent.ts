/**
 * Whether this is the browser inside of WeChat, on a phone or on a computer, where the official account's page works.
 * WeCom names itself MicroMessenger too, but cannot log in there.
 */
export function isWechatBrowser(userAgent: string | undefined): boolean {
  return userAgent !== undefined && /\bMicroMessenger\b/i.test(userAgent) && !/\bwxwork\b/i.test(userAgent)
}
