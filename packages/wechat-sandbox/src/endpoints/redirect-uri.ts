import { isIP } from 'node:net'
import type { App } from '../world/apps.js'
import type { World } from '../world/world.js'

/** Parses a redirect_uri. Returns `undefined` if it is not an absolute http or https URL. */
export function parseRedirectUri(text: string): URL | undefined {
  if (!URL.canParse(text)) return undefined
  const url = new URL(text)
  return url.protocol === 'http:' || url.protocol === 'https:' ? url : undefined
}

/** Whether this is a name of this computer or an IP address. WeChat's test accounts allow ports there. */
function isLocal(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname.startsWith('[') ||
    isIP(hostname) !== 0
  )
}

/** Whether the app may use this host. It must match exactly, and a port is allowed only where the sandbox allows it. */
export function isRegisteredHost(world: World, { domains }: App, { host, hostname, port }: URL): boolean {
  const names = domains?.map((domain) => domain.toLowerCase())
  if (port !== '' && names?.includes(host)) return true
  if (names && !names.includes(hostname)) return false
  const { allowPorts } = world.settings
  return port === '' || (allowPorts === 'local' ? isLocal(hostname) : allowPorts)
}

/**
 * Returns the URL to which the authorize page sends the browser. The answer follows the existing query and precedes the fragment.
 * Uses the URL as parsed, so that no character can end the header.
 */
export function callbackURL(redirectUri: URL, answer: { code?: string; state: string }): string {
  const { href, hash } = redirectUri
  const base = hash === '' ? href.replace(/#$/, '') : href.slice(0, -hash.length)
  const pairs = Object.entries(answer).map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
  return `${base}${base.includes('?') ? '&' : '?'}${pairs.join('&')}${hash}`
}

/** Returns the URL to which the QR page's script goes. Unlike the authorize page, it appends to the text, even after a fragment. */
export function appendedState(redirectUri: string, state: string): string {
  return `${redirectUri}${redirectUri.includes('?') ? '&' : '?'}state=${encodeURIComponent(state)}`
}
