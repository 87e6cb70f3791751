import { createHash } from 'node:crypto'
import { errorPage } from '../pages/index.js'
import type { ErrorView, PageLang } from '../pages/views.js'
import { param, type Call } from './call.js'
import type { Reply } from './reply.js'

/** Permissions that most pages do not have. */
export interface PagePermissions {
  /** may be shown in a frame, like the QR page */
  framed?: boolean
  /** may send requests to applications, not only to the sandbox */
  connectAnywhere?: boolean
  /** may use a style sheet of the application */
  foreignStyles?: boolean
}

const anywhere = 'http: https:'

/** Allows only the page's own script, by its hash, so that no injected script can run. */
function scriptSource(html: string): string {
  const scripts = [...html.matchAll(/<script>([\s\S]*?)<\/script>/g)]
  const [script] = scripts
  if (!script || scripts.length > 1) return "'none'"
  return `'sha256-${createHash('sha256')
    .update(script[1] ?? '', 'utf8')
    .digest('base64')}'`
}

/** Replies with an HTML document and headers that isolate it. */
export function pageReply(
  html: string,
  { framed = false, connectAnywhere = false, foreignStyles = false }: PagePermissions = {},
): Reply {
  return {
    status: 200,
    headers: {
      'Content-Type': 'text/html; charset=utf-8',
      'Cache-Control': 'no-store',
      'Referrer-Policy': 'no-referrer',
      'X-Content-Type-Options': 'nosniff',
      ...(framed ? {} : { 'X-Frame-Options': 'DENY' }),
      'Content-Security-Policy': [
        "default-src 'none'",
        `img-src 'self' data: ${anywhere}`,
        `style-src 'unsafe-inline'${foreignStyles ? ` data: ${anywhere}` : ''}`,
        `script-src ${scriptSource(html)}`,
        `connect-src 'self'${connectAnywhere ? ` ${anywhere}` : ''}`,
        ...(connectAnywhere ? [`frame-src ${anywhere}`] : []),
        // A consent form is answered with a redirect to the application, which browsers check against form-action, too.
        `form-action 'self' ${anywhere}`,
        `frame-ancestors ${framed ? '*' : "'none'"}`,
        "base-uri 'none'",
      ].join('; '),
    },
    body: html,
  }
}

/** Returns the query's `lang`, or else the browser's first language, or else Chinese. */
export function langOf(call: Call): PageLang {
  const asked = param(call, 'lang')
  if (asked !== '') return asked === 'en' ? 'en' : 'zh_CN'
  const preferred = call.headers['accept-language']?.split(',', 1)[0]?.trim().toLowerCase() ?? ''
  return preferred === 'en' || preferred.startsWith('en-') || preferred.startsWith('en;') ? 'en' : 'zh_CN'
}

export function errorPageReply(
  call: Call,
  view: Omit<ErrorView, 'lang'>,
  permissions: PagePermissions = {},
): Reply {
  return pageReply(errorPage({ lang: langOf(call), ...view }), permissions)
}
