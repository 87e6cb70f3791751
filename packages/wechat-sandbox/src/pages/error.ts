import { html } from './html.js'
import { texts } from './i18n.js'
import { layout } from './layout.js'
import { mark } from './parts.js'
import type { ErrorView } from './views.js'

/** WeChat's error page, with an additional hint for the developer. */
export function errorPage(view: ErrorView): string {
  const t = texts[view.lang]
  return layout({
    lang: view.lang,
    title: t.errorTitle,
    langQuery: {},
    keepQuery: true,
    body: html`<section class="card stack result" data-testid="error">
        ${mark('bad')}
        <h1 data-testid="error-text">${view.text}</h1>
        ${
          view.number !== undefined &&
          html`<p class="muted">${t.errorNumber} <code data-testid="error-number">${view.number}</code></p>`
        }
        <p class="muted small">${t.errorNote}</p>
      </section>
      ${
        view.hint !== undefined &&
        html`<section class="card stack tight">
          <h2>${t.errorHint}</h2>
          <p data-testid="error-hint">${view.hint}</p>
          <p><a href="/?lang=${view.lang}" target="_top" data-testid="error-home">${t.errorHome}</a></p>
        </section>`
      }`,
  })
}
