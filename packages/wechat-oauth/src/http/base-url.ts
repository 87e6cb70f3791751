import type { WechatLogger } from '../types.js'

const loopback = /^(?:(?:.+\.)?localhost|127(?:\.\d{1,3}){3}|\[::1\])$/
const wechatHost = /(?:^|\.)weixin\.qq\.com\.?$/

/**
 * Reads a base address, and removes slashes at its end. The queries of requests to it contain secrets.
 *
 * @param allowInsecure - accept http to any host but WeChat's
 * @throws TypeError that names the option
 */
export function readBaseURL(option: string, value: unknown, allowInsecure: boolean): string {
  if (typeof value !== 'string' || !URL.canParse(value)) throw new TypeError(`${option} must be a URL`)
  const { href, protocol, hostname, username, password } = new URL(value)
  refuseInsecure(option, protocol, hostname, allowInsecure)
  if (username !== '' || password !== '' || /[?#]/.test(href))
    throw new TypeError(`${option} must not have a user, a query or a fragment`)
  return href.replace(/\/+$/, '')
}

function refuseInsecure(option: string, protocol: string, hostname: string, allowInsecure: boolean): void {
  if (protocol === 'https:' || (protocol === 'http:' && loopback.test(hostname))) return
  if (wechatHost.test(hostname)) throw new TypeError(`${option} must use https: this host is WeChat's`)
  if (protocol !== 'http:' || !allowInsecure)
    throw new TypeError(
      `${option} must use https, or http on a loopback address. ` +
        'If a sandbox runs on another host, set allowInsecureEndpoints: true',
    )
}

let hasWarned = false

/** Warns once per process if requests to any of these base addresses can be read on the network. */
export function warnOfInsecure(baseURLs: readonly string[], logger: WechatLogger | undefined): void {
  const hosts = baseURLs
    .map((url) => new URL(url))
    .filter(({ protocol, hostname }) => protocol === 'http:' && !loopback.test(hostname))
    .map(({ host }) => host)
  if (hosts.length === 0 || hasWarned) return
  hasWarned = true
  const message =
    'allowInsecureEndpoints sends app secrets and tokens over http, where others can read them. ' +
    'Use it only with a sandbox'
  if (logger) logger.warn(message, { hosts: [...new Set(hosts)] })
  else process.emitWarning(message, 'WechatOAuthWarning')
}
