import { createHash } from 'node:crypto'
import type { Response } from 'express'
import { style } from './style.js'

const styleHash = createHash('sha256').update(style).digest('base64')

/** Sends a page with the headers that keep it to itself: no scripts, no frames but `frame`, nothing kept in caches. */
export function sendPage(res: Response, page: string, { frame }: { frame?: string | undefined } = {}): void {
  res.set({
    'Cache-Control': 'no-store',
    'Content-Security-Policy': [
      "default-src 'none'",
      `style-src 'sha256-${styleHash}'`,
      'img-src data: http: https:',
      `frame-src ${frame === undefined ? "'none'" : new URL(frame).origin}`,
      "form-action 'self'",
      "frame-ancestors 'none'",
      "base-uri 'none'",
    ].join('; '),
    'Referrer-Policy': 'same-origin',
    'X-Content-Type-Options': 'nosniff',
  })
  res.type('html').send(page)
}
