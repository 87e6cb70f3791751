import { createHash } from 'node:crypto'
import type { Response } from 'express'
import { style } from './style.js'

function hashOf(source: string): string {
  return `sha256-${createHash('sha256').update(source).digest('base64')}`
}

const styleHash = hashOf(style)

export interface PageNeeds {
  /** Address of the page in a frame. */
  frame?: string | undefined
  /** Address of a script whose origin is trusted, and the page's own script, which may ask this server. */
  scripts?: { from: string; own: string } | undefined
}

/** Sends a page with the headers that keep it to itself: no scripts and no frames but those that it needs, nothing kept in caches. */
export function sendPage(res: Response, page: string, { frame, scripts }: PageNeeds = {}): void {
  res.set({
    'Cache-Control': 'no-store',
    'Content-Security-Policy': [
      "default-src 'none'",
      `style-src '${styleHash}'`,
      'img-src data: http: https:',
      `frame-src ${frame === undefined ? "'none'" : new URL(frame).origin}`,
      ...(scripts
        ? [`script-src ${new URL(scripts.from).origin} '${hashOf(scripts.own)}'`, "connect-src 'self'"]
        : []),
      "form-action 'self'",
      "frame-ancestors 'none'",
      "base-uri 'none'",
    ].join('; '),
    'Referrer-Policy': 'same-origin',
    'X-Content-Type-Options': 'nosniff',
  })
  res.type('html').send(page)
}
