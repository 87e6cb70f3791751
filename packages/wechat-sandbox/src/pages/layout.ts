import { readBrowserScript } from '../browser-script.js'
import { Html, html, json } from './html.js'
import { texts } from './i18n.js'
import type { ScriptData } from './script-data.js'
import type { PageLang } from './views.js'

type PageScriptName = Exclude<keyof ScriptData, 'jweixin'>

type PageScript = {
  [Name in PageScriptName]: { name: Name; data: ScriptData[Name] }
}[PageScriptName]

export interface Document {
  lang: PageLang
  title: string
  body: Html
  /** Query of the link to the other language, without `lang`. If absent, there is no link, because the page answers a POST. */
  langQuery?: Record<string, string>
  /** the page's script replaces that query with the one of the page's address */
  keepQuery?: boolean
  css?: string
  /** style sheet of the application */
  href?: string
  /** The page's own script in `browser/`. Runs when the document is complete, and finds its data in `scriptData`. */
  script?: PageScript
  /** attributes of `<html>`, for the style sheet */
  rootClass?: string
}

const css = `
:root {
  color-scheme: light dark;
  --ground: #ededed; --card: #fff; --inset: #f5f5f5; --text: #181818; --muted: #5e5e5e; --line: #d9d9d9; --field: #8a8a8a;
  --green: #07843f; --green-hover: #056b33; --green-text: #056b33; --tint: #e8f6ee;
  --link: #3d5a92; --focus: #1c66e5; --red: #b3261e; --amber: #ffc233; --amber-text: #1c1400;
  --warn: #fff6dc; --warn-line: #d9a300; --shadow: 0 1px 2px rgb(0 0 0 / .06), 0 8px 24px rgb(0 0 0 / .05);
  --mono: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #111; --card: #1d1d1d; --inset: #272727; --text: #ececec; --muted: #a8a8a8; --line: #363636; --field: #7d7d7d;
    --green-text: #4bd088; --tint: #15301f;
    --link: #9db6ea; --focus: #8ab4ff; --red: #ff9a92; --warn: #332a0f; --warn-line: #8a6d14; --shadow: 0 0 0 1px #2b2b2b;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0; min-height: 100vh; min-height: 100dvh; display: flex; flex-direction: column; background: var(--ground); color: var(--text);
  font: 16px/1.5 system-ui, -apple-system, "PingFang SC", "Noto Sans CJK SC", "Microsoft YaHei", "Segoe UI", Roboto, sans-serif;
  overflow-wrap: anywhere;
}
:lang(zh-CN) { line-break: strict; }
h1, h2, h3, p, ul, ol, dl, dd, figure, fieldset { margin: 0; padding: 0; border: 0; min-width: 0; }
ul, ol { list-style: none; }
h1 { font-size: 1.25rem; line-height: 1.35; text-wrap: balance; }
h2 { font-size: 1.0625rem; line-height: 1.4; }
h3, legend, .label { font-size: .875rem; font-weight: 600; color: var(--muted); padding: 0; }
a { color: var(--link); text-underline-offset: .2em; }
code, pre, .mono { font-family: var(--mono); font-size: .875rem; }
small, .small { font-size: .875rem; }
.muted { color: var(--muted); }
[hidden] { display: none !important; }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
.banner {
  flex: none; display: flex; gap: 12px; align-items: center; justify-content: space-between; padding: 8px 16px 8px;
  background: var(--amber); color: var(--amber-text); font-size: .875rem; line-height: 1.4;
  border-bottom: 6px solid; border-image: repeating-linear-gradient(135deg, #1c1400 0 10px, #ffc233 10px 20px) 6;
}
.banner a { color: inherit; white-space: nowrap; padding: 2px 0; }
.banner a:focus-visible { outline-color: #1c1400; }
main { flex: 1; width: 100%; max-width: 480px; margin: 0 auto; padding: 20px 16px 40px; display: flex; flex-direction: column; gap: 16px; }
.card { background: var(--card); border-radius: 12px; padding: 24px 20px; box-shadow: var(--shadow); }
.stack { display: flex; flex-direction: column; gap: 16px; }
.tight { gap: 6px; }
@media (min-width: 640px) { main { padding-top: 40px; } .card { padding: 28px; } }

button, .button {
  display: inline-flex; align-items: center; justify-content: center; min-height: 44px; padding: 8px 20px; border: 1px solid transparent;
  border-color: var(--line); border-radius: 8px; background: var(--inset); color: var(--text); font: inherit; font-weight: 500; text-align: center;
  text-decoration: none; cursor: pointer;
}
button:hover, .button:hover { background: var(--line); }
.primary { background: var(--green); border-color: transparent; color: #fff; font-weight: 600; }
.primary:hover { background: var(--green-hover); }
.wide { width: 100%; min-height: 48px; font-size: 1.0625rem; }
button:disabled { opacity: .55; cursor: default; }

.app { display: flex; gap: 12px; align-items: center; }
.app-icon {
  flex: none; display: grid; place-items: center; width: 48px; height: 48px; border-radius: 12px; background: var(--tint);
  color: var(--green-text); font-weight: 700; font-size: 1.25rem;
}
.app-text { min-width: 0; }
.app-text p:first-child { font-weight: 600; line-height: 1.35; }
.clamp { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden; }

.users { position: relative; border: 1px solid var(--line); border-radius: 10px; margin-top: 6px; max-height: 296px; overflow-y: auto; }
.user { display: flex; gap: 12px; align-items: center; padding: 9px 14px; min-height: 58px; }
label.user { cursor: pointer; }
.user + .user { border-top: 1px solid var(--line); }
label.user:hover { background: var(--inset); }
label.user:has(:checked) { background: var(--tint); }
.user:has(:focus-visible) { outline: 3px solid var(--focus); outline-offset: -3px; }
.user input:focus-visible { outline: none; }
.user input { flex: none; width: 20px; height: 20px; margin: 0; accent-color: var(--green); }
.user-name { flex: 1; min-width: 0; line-height: 1.35; }
.user-id { color: var(--muted); font-size: .8125rem; }
.avatar {
  flex: none; position: relative; display: grid; place-items: center; width: 40px; height: 40px; border-radius: 8px; overflow: hidden;
  color: #fff; font-weight: 600; line-height: 1;
}
.avatar img { position: absolute; inset: 0; width: 100%; height: 100%; object-fit: cover; background: var(--inset); }

.warnings { background: var(--warn); border: 1px solid var(--warn-line); border-radius: 10px; padding: 12px 16px; font-size: .9375rem; }
.warnings ul { list-style: disc; padding-inline-start: 1.25em; }
.facts dt { font-size: .875rem; color: var(--muted); }
.facts dd { font-family: var(--mono); font-size: .8125rem; max-height: 6.2em; overflow: auto; }
.answers { gap: 10px; }
.result { text-align: center; align-items: center; padding-block: 36px; }
.mark { display: grid; place-items: center; width: 64px; height: 64px; border-radius: 50%; background: var(--inset); color: var(--muted); }
.mark svg { width: 34px; height: 34px; fill: none; stroke: currentColor; stroke-width: 3; stroke-linecap: round; stroke-linejoin: round; }
.mark.good { background: var(--green); color: #fff; }
.framed .banner { padding: 3px 10px; font-size: .75rem; border-bottom-width: 4px; }
`

function languageLink({ lang, langQuery, keepQuery = false }: Document): Html | false {
  if (!langQuery) return false
  const other: PageLang = lang === 'en' ? 'zh_CN' : 'en'
  const query = new URLSearchParams({ ...langQuery, lang: other }).toString()
  return html`<a
    href="?${query}"
    lang="${htmlLang(other)}"
    hreflang="${htmlLang(other)}"
    aria-label="${texts[lang].otherLanguageLabel}"
    data-testid="lang-${other}"
    data-lang="${other}"
    ${keepQuery && html` data-keep-query`}
    >${texts[lang].otherLanguage}</a
  >`
}

function htmlLang(lang: PageLang): string {
  return lang === 'en' ? 'en' : 'zh-CN'
}

function whenReady({ name, data }: PageScript): Html {
  return new Html(`document.addEventListener('DOMContentLoaded', () => {
const scriptData = ${json(data).text}
${readBrowserScript(name)}})`)
}

/** The document around a page: banner, language link, style sheet and script. */
export function layout(page: Document): string {
  const t = texts[page.lang]
  return html`<!doctype html>
    <html lang="${htmlLang(page.lang)}" class="${page.rootClass}">
      <head>
        <meta charset="utf-8" />
        <title>${page.title} · ${t.homeTitle}</title>
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <link rel="icon" href="data:," />
        <style>
          ${new Html(css + (page.css ?? ''))}
        </style>
        ${page.href !== undefined && html`<link rel="stylesheet" href="${page.href}" />`}
        <script>
          ${new Html(readBrowserScript('layout'))}
          ${page.script && whenReady(page.script)}
        </script>
      </head>
      <body>
        <header class="banner"><strong data-testid="banner">${t.banner}</strong>${languageLink(page)}</header>
        <main>${page.body}</main>
      </body>
    </html> `.text
}
