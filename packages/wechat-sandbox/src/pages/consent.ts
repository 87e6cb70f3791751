import { html, type Html } from './html.js'
import { texts } from './i18n.js'
import { layout } from './layout.js'
import { appHead, hiddenFields, mark, userChoice, warningBox } from './parts.js'
import type { AfterConsentView, ConsentDecision, ConsentView, PageLang } from './views.js'

const css = `
.scopes li { display: grid; grid-template-columns: 20px 1fr; gap: 10px; padding-block: 5px; }
.scopes svg { width: 20px; height: 24px; fill: none; stroke: var(--green-text); stroke-width: 2.5; stroke-linecap: round; stroke-linejoin: round; }
.scopes code { display: block; color: var(--muted); font-size: .8125rem; }
details.card { padding: 0; overflow: hidden; }
summary { padding: 14px 20px; font-weight: 500; cursor: pointer; display: flex; justify-content: space-between; align-items: center; list-style: none; }
summary::-webkit-details-marker { display: none; }
summary::after {
  content: ""; width: 9px; height: 9px; margin: -4px 4px 0; border: solid var(--muted); border-width: 0 2px 2px 0; transform: rotate(45deg); flex: none;
}
details[open] > summary::after { margin-top: 4px; transform: rotate(225deg); }
summary:focus-visible, .answer:focus-visible { outline-offset: -3px; border-radius: 12px; }
.answers-more { padding: 0 0 8px; }
.answers-more h3 { padding: 12px 20px 2px; }
.answer {
  display: block; width: 100%; padding: 10px 20px; border: 0; border-radius: 0; background: none; text-align: start; font-weight: 400; line-height: 1.45;
}
.answer:hover { background: var(--inset); }
.answer strong { display: block; font-weight: 500; color: var(--link); }
.answer span { display: block; color: var(--muted); font-size: .875rem; }
@media (min-width: 640px) { summary, .answers-more h3, .answer { padding-inline: 28px; } }
`

function decisionRow(decision: Exclude<ConsentDecision, 'allow'>, lang: PageLang): Html {
  const [title, explanation] = texts[lang].decisions[decision]
  return html`<button class="answer" name="decision" value="${decision}" data-testid="decision-${decision}">
    <strong>${title}</strong> <span>${explanation}</span>
  </button>`
}

/** WeChat's consent page. */
export function consentPage(view: ConsentView): string {
  const { lang, app } = view
  const t = texts[lang]
  const explained: Record<string, string> = t.scopes
  const body = html`${warningBox(view.warnings, lang, true)}
    <form method="post" action="${view.action}" class="stack" data-testid="consent">
      ${hiddenFields(view.fields, lang)}
      <div class="card stack">
        ${appHead(app, lang)}
        <div>
          <h1>${t.consentHeading}</h1>
          <ul class="scopes" data-testid="scopes">
            ${view.scopes.map(
              (scope) =>
                html` <li data-scope="${scope}">
                  <svg viewBox="0 0 20 24" aria-hidden="true"><path d="M4 12.5l4 4 8-9" /></svg>
                  <span>${explained[scope] ?? t.otherScope} <code>${scope}</code></span>
                </li>`,
            )}
          </ul>
        </div>
        ${userChoice(t.consentUser, view.users, view.selectedUser, lang)}
        <div class="stack answers">
          <button class="primary wide" name="decision" value="allow" data-testid="decision-allow">
            ${t.allow}
          </button>
          <button class="wide" name="decision" value="refuse-authdeny" data-testid="refuse">
            ${t.refuse}
          </button>
        </div>
        <dl class="facts">
          <dt>${t.returnTo}</dt>
          <dd tabindex="0" data-testid="redirect-uri">${view.redirectUri}</dd>
        </dl>
      </div>
      <details class="card" data-testid="more">
        <summary data-testid="more-toggle">${t.more}</summary>
        <div class="answers-more">
          <h3>${t.moreRefuse}</h3>
          ${decisionRow('refuse-state-only', lang)}${decisionRow('refuse-authdeny', lang)}${decisionRow('refuse-close', lang)}
          <h3>${t.moreAllow}</h3>
          ${decisionRow('snapshot', lang)}${decisionRow('allow-twice', lang)}
        </div>
      </details>
    </form>`
  return layout({
    lang,
    css,
    body,
    title: t.consentTitle(app.name),
    langQuery: {
      appid: app.appId,
      redirect_uri: view.redirectUri,
      response_type: 'code',
      scope: view.scopes.join(','),
      ...(view.fields.state !== undefined && { state: view.fields.state }),
    },
    keepQuery: true,
    script: { name: 'consent', data: { hashMissing: t.hashMissing } },
  })
}

function isHttp(url: string | undefined): url is string {
  return url !== undefined && /^https?:\/\//i.test(url)
}

/** The page after a decision that does not redirect to the application. */
export function afterConsentPage(view: AfterConsentView): string {
  const { lang, twice } = view
  const t = texts[lang]
  if (view.kind === 'closed') {
    return layout({
      lang,
      title: t.closedTitle,
      body: html`<section class="card stack result" data-testid="after-consent" data-kind="closed">
        ${mark('bad')}
        <h1>${t.closedHeading}</h1>
        <p>${t.closedText}</p>
        <p class="muted">${t.closedHint}</p>
      </section>`,
    })
  }
  const sent = isHttp(twice)
  return layout({
    lang,
    title: t.twiceTitle,
    body: html`<section class="card stack result" data-testid="after-consent" data-kind="twice">
      ${mark(sent ? 'late' : 'bad')}
      <h1>${t.twiceHeading}</h1>
      ${
        sent
          ? html`<p>${t.twiceText}</p>
              <p><a href="${twice}" data-testid="twice-continue">${t.twiceLink}</a></p>`
          : html`<p>${t.twiceRefused}</p>`
      }
    </section>`,
    ...(sent && { script: { name: 'twice', data: { twice } } }),
  })
}
