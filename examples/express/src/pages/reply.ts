import { createHash } from 'node:crypto'
import type { Response } from 'express'
import { style } from './style.js'

function hashOf(source: string): string {
  return `sha256-${createHash('sha256').update(source).digest('base64')}`
}

const styleHash = hashOf(style)

export interface PageNeeds {
  /** Address of a page in a frame. */
  frame?: string | undefined
  /** Address of a script from a trusted origin, and the page's own script, which may send requests to this server. */
  scripts?: { from: string; own: string } | undefined
}

/** Sends a page with headers that isolate it: no scripts and frames except those that it needs, and no caching. */
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
