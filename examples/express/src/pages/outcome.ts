import type { Lang } from '../language.js'
import { html } from './html.js'
import { layout } from './layout.js'
import { texts, type Notice } from './texts.js'

const httpStatuses = {
  ERR_WECHAT_DENIED: 401,
  ERR_WECHAT_SNAPSHOT_USER: 401,
  ERR_WECHAT_STATE: 403,
  ERR_WECHAT_CODE: 401,
  ERR_WECHAT_BLOCKED: 403,
} as const

type FailureCode = keyof typeof httpStatuses

function isFailureCode(code: string): code is FailureCode {
  return Object.hasOwn(httpStatuses, code)
}

/** The page for a failed login, by the `info.code` of the strategy. It leads back to the start page. */
export function failurePage(lang: Lang, code: string): { status: number; page: string } {
  const known = isFailureCode(code)
  return {
    status: known ? httpStatuses[code] : 401,
    page: outcomePage({
      lang,
      path: `/login/failed?code=${encodeURIComponent(code)}`,
      notice: texts[lang].failures[known ? code : 'other'],
      code: known ? code : undefined,
      gentle: true,
    }),
  }
}

/** The page for an error. The details are only in the log. */
export function errorPage(lang: Lang, status: number, code?: string): string {
  return outcomePage({ lang, path: '/', notice: errorNotice(lang, status), code, gentle: false })
}

export function errorNotice(lang: Lang, status: number): Notice {
  const { notFound, refused, wechat, here } = texts[lang].errors
  if (status === 404) return notFound
  if (status < 500) return refused
  return status === 500 ? here : wechat
}

interface Outcome {
  lang: Lang
  path: string
  notice: Notice
  code: string | undefined
  gentle: boolean
}

function outcomePage({ lang, path, notice, code, gentle }: Outcome): string {
  const t = texts[lang]
  return layout({
    lang,
    path,
    title: notice.title,
    narrow: true,
    main: html`<section class="card outcome">
      <span class="icon ${gentle && 'gentle'}"
        ><svg viewBox="0 0 24 24" aria-hidden="true"><path d="M12 6.5v7M12 17.5h.01" /></svg
      ></span>
      <h1>${notice.title}</h1>
      <p data-testid="failure-message">${notice.message}</p>
      ${code !== undefined && html`<p><code class="tag" data-testid="failure-code">${code}</code></p>`}
      <a class="button primary" href="/" data-testid="try-again">${gentle ? t.tryAgain : t.toStart}</a>
    </section>`,
  })
}
