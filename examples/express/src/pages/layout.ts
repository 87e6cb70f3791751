import type { Lang } from '../language.js'
import { Html, html } from './html.js'
import { style } from './style.js'
import { texts } from './texts.js'

export interface Page {
  lang: Lang
  /** Path and query of this page, for the link to the other language. */
  path: string
  title: string
  narrow?: boolean
  main: Html
}

export function layout({ lang, path, title, narrow = false, main }: Page): string {
  const t = texts[lang]
  const other: Lang = lang === 'en' ? 'zh' : 'en'
  return html`<!doctype html>
<html lang="${htmlLang(lang)}">
<head>
<meta charset="utf-8">
<title>${title} · ${t.brand}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<style>${new Html(style)}</style>
</head>
<body>
<div class="bar"><div>
<a class="brand" href="/">${logo}<span>${t.brand}</span></a>
<a class="lang" href="${path}${path.includes('?') ? '&' : '?'}lang=${other}" lang="${htmlLang(other)}" hreflang="${htmlLang(other)}" data-testid="lang-switch">${t.otherLanguage}</a>
</div></div>
<main${narrow && html` class="narrow"`}>
${main}
</main>
<footer${narrow && html` class="narrow"`}>${t.footer}</footer>
</body>
</html>
`.source
}

function htmlLang(lang: Lang): string {
  return lang === 'zh' ? 'zh-CN' : 'en'
}

const logo = html`<svg viewBox="0 0 28 28" aria-hidden="true">
  <rect width="28" height="28" rx="8" fill="#07843f" />
  <path
    d="M8 14.5l4.2 4.2L20.5 10"
    fill="none"
    stroke="#fff"
    stroke-width="3"
    stroke-linecap="round"
    stroke-linejoin="round"
  />
</svg>`
