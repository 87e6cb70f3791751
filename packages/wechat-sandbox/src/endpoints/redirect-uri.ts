import { isIP } from 'node:net'
import type { App } from '../world/apps.js'
import type { World } from '../world/world.js'

/** The URL that an application wants the answer at; `undefined` if it is not an absolute http or https URL. */
export function parseRedirectUri(text: string): URL | undefined {
  if (!URL.canParse(text)) return undefined
  const url = new URL(text)
  return url.protocol === 'http:' || url.protocol === 'https:' ? url : undefined
}

/** This computer and addresses without a name: where people develop, and where WeChat's own test accounts allow ports. */
function isLocal(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname.startsWith('[') ||
    isIP(hostname) !== 0
  )
}

/** Exact host, no sub-domains; and no port, except where the sandbox allows one. */
export function isRegisteredHost(world: World, { domains }: App, { host, hostname, port }: URL): boolean {
  const names = domains?.map((domain) => domain.toLowerCase())
  if (port !== '' && names?.includes(host)) return true
  if (names && !names.includes(hostname)) return false
  const { allowPorts } = world.settings
  return port === '' || (allowPorts === 'local' ? isLocal(hostname) : allowPorts)
}

/**
 * Where the authorize page sends the browser: the answer goes after the query that is there, and before the fragment.
 * The URL is used as parsed, so that no character of it can end a header.
 */
export function callbackURL(redirectUri: URL, answer: { code?: string; state: string }): string {
  const { href, hash } = redirectUri
  const base = hash === '' ? href.replace(/#$/, '') : href.slice(0, -hash.length)
  const pairs = Object.entries(answer).map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
  return `${base}${base.includes('?') ? '&' : '?'}${pairs.join('&')}${hash}`
}

/** The answer of the QR page's script, which only ever appends. */
export function appendedState(redirectUri: string, state: string): string {
  return `${redirectUri}${redirectUri.includes('?') ? '&' : '?'}state=${encodeURIComponent(state)}`
}
