import { html, type Html } from './html.js'
import { texts } from './i18n.js'
import { layout } from './layout.js'
import { appHead, userRow } from './parts.js'
import type { HomeView, PageLang } from './views.js'

type HomeApp = HomeView['apps'][number]

const css = `
main { max-width: 960px; gap: 28px; }
section > h2 { margin-bottom: 4px; }
section > .grid, section > .people { margin-top: 12px; }
.hero { max-width: 44rem; }
.hero h1 { font-size: 1.5rem; line-height: 1.25; margin-bottom: 8px; }
.endpoint h2 { margin: 0; }
.endpoint { display: flex; flex-wrap: wrap; gap: 4px 16px; align-items: center; justify-content: space-between; padding-block: 16px; }
.copyable { display: flex; gap: 8px; align-items: center; min-width: 0; }
.copyable code { min-width: 0; }
[data-copy] { flex: none; min-height: 32px; padding: 2px 12px; font-size: .8125rem; font-family: system-ui, sans-serif; white-space: nowrap; }
.copyable code, .facts code { font-size: .8125rem; }
.grid { display: grid; gap: 16px; grid-template-columns: repeat(auto-fill, minmax(min(100%, 340px), 1fr)); }
.grid .card { padding: 20px; display: flex; flex-direction: column; gap: 16px; }
.grid .facts dd { display: flex; gap: 12px; align-items: center; justify-content: space-between; max-height: none; }
.grid .facts dd + dt { margin-top: 8px; }
.try { display: flex; flex-wrap: wrap; gap: 8px; margin-top: auto; }
.people { padding: 8px 0; columns: 1; }
.people .user { padding: 8px 20px; border: 0; break-inside: avoid; }
@media (min-width: 640px) { .people { columns: 2; column-gap: 0; } }
`

function authorizeUrl(view: HomeView, app: HomeApp, path: string, scope: string): string {
  const query = new URLSearchParams({
    appid: app.appId,
    redirect_uri: `${view.url.replace(/\/$/, '')}/`,
    response_type: 'code',
    scope,
    state: 'example',
    lang: view.lang,
  })
  return `${path}?${query.toString()}#wechat_redirect`
}

function withLang(url: string, lang: PageLang): string {
  return `${url}${url.includes('?') ? '&' : '?'}lang=${lang}`
}

function tries(view: HomeView, app: HomeApp): Html | Html[] {
  const t = texts[view.lang]
  const link = (scope: string, label: string, path: string, primary: boolean) =>
    html`<a
      class="button${primary && ' primary'}"
      href="${authorizeUrl(view, app, path, scope)}"
      data-testid="try-${scope}-${app.appId}"
      >${label}</a
    >`
  if (app.type === 'mp') {
    return [
      link('snsapi_userinfo', t.homeTryMp, '/connect/oauth2/authorize', true),
      link('snsapi_base', t.homeTryBase, '/connect/oauth2/authorize', false),
    ]
  }
  if (app.type === 'website') return link('snsapi_login', t.homeTryWebsite, '/connect/qrconnect', true)
  return html`<a
    class="button primary"
    href="${withLang(view.miniProgramUrl, view.lang)}"
    data-testid="try-miniprogram-${app.appId}"
    >${t.homeTryMiniprogram}</a
  >`
}

function copyButton(value: string, what: string, testid: string, lang: PageLang): Html {
  const t = texts[lang]
  return html`<button
    type="button"
    data-copy="${value}"
    aria-label="${t.copy}: ${what}"
    data-testid="${testid}"
  >
    ${t.copy}
  </button>`
}

/** The home page of the sandbox: an introduction, the apps and users, and links to try. */
export function homePage(view: HomeView): string {
  const { lang } = view
  const t = texts[lang]
  return layout({
    lang,
    css,
    title: t.homeHeading,
    langQuery: {},
    body: html`<div class="hero">
        <h1>${t.homeHeading}</h1>
        <p class="muted">${t.homeText}</p>
      </div>
      <section class="card stack tight" data-testid="home-callback" role="status" hidden>
        <h2>${t.homeCallback}</h2>
        <p></p>
        <dl class="facts">
          <dt>code</dt>
          <dd data-name="code" data-testid="home-code"></dd>
          <dt>state</dt>
          <dd data-name="state" data-testid="home-state"></dd>
        </dl>
      </section>
      <section class="card endpoint">
        <h2 class="small">${t.homeEndpoint}</h2>
        <div class="copyable">
          <code data-testid="home-url">${view.url}</code>${copyButton(view.url, 'URL', 'copy-url', lang)}
        </div>
      </section>
      <section>
        <h2>${t.homeApps}</h2>
        ${view.apps.length === 0 ? html`<p class="card muted">${t.homeNoApps}</p>` : html`<p class="muted small">${t.homeTryText}</p>`}
        <div class="grid">
          ${view.apps.map(
            (app) =>
              html` <article class="card" data-testid="app-${app.appId}">
                ${appHead(app, lang)}
                <dl class="facts">
                  <dt>AppID</dt>
                  <dd>
                    <code>${app.appId}</code
                    >${copyButton(app.appId, 'AppID', `copy-appid-${app.appId}`, lang)}
                  </dd>
                  <dt>${t.secretLabel}</dt>
                  <dd>
                    <code>${app.appSecret}</code
                    >${copyButton(app.appSecret, t.secretLabel, `copy-secret-${app.appId}`, lang)}
                  </dd>
                </dl>
                <div class="try">${tries(view, app)}</div>
              </article>`,
          )}
        </div>
      </section>
      <section>
        <h2>${t.homeUsers}</h2>
        <ul class="card people">
          ${view.users.length === 0 && html`<li class="user muted">${t.noUsers}</li>`}${view.users.map(
            (user) => html` <li class="user" data-testid="home-user-${user.id}">${userRow(user)}</li>`,
          )}
        </ul>
      </section>`,
    script: {
      name: 'home',
      data: { copied: t.copied, arrived: t.homeCallbackText, denied: t.homeCallbackDenied },
    },
  })
}
