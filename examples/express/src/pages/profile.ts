import type { Lang } from '../language.js'
import type { User } from '../users.js'
import { html } from './html.js'
import { layout } from './layout.js'
import { avatar, isolated, logOutForm, nameOf } from './parts.js'
import { texts } from './texts.js'

export function profilePage(user: User, lang: Lang): string {
  const { modes, profile: t } = texts[lang]
  const { latest } = user
  return layout({
    lang,
    path: '/profile',
    title: t.title,
    main: html`<section class="card person">
        <div class="who">
          ${avatar(user, lang, 'large')}
          <div>
            <p class="muted">${t.heading}</p>
            <h1 data-testid="profile-name">${isolated(nameOf(user, lang))}</h1>
          </div>
        </div>
        <div class="actions">
          <a class="button primary" href="/" data-testid="log-in-again">${t.again}</a>${logOutForm(lang)}
        </div>
      </section>
      <div class="two">
        <div class="column">
          <section class="card">
            <dl class="facts">
              <dt>${t.mode}</dt>
              <dd>
                ${modes[latest.mode]} <code class="tag" data-testid="profile-mode">${latest.mode}</code>
              </dd>
              <dt>${t.appId}</dt>
              <dd><code data-testid="profile-app-id">${latest.appId}</code></dd>
              <dt>${t.openid}</dt>
              <dd><code data-testid="profile-openid">${latest.openid}</code></dd>
              <dt>${t.unionid}</dt>
              <dd>
                ${
                  user.unionid === undefined
                    ? html`<span class="muted" data-testid="profile-unionid">${t.noUnionid}</span>`
                    : html`<code data-testid="profile-unionid">${user.unionid}</code>`
                }
              </dd>
            </dl>
          </section>
          <section class="card">
            <details open>
              <summary>${t.raw}</summary>
              <pre class="snippet" tabindex="0" data-testid="profile-json">
${JSON.stringify(latest._json, null, 2)}</pre>
            </details>
          </section>
        </div>
        <div class="column">
          <section class="card stack">
            <h2>${t.accountsHeading}</h2>
            <p class="muted small">${t.accountsText}</p>
            <ul class="accounts">
              ${user.accounts.map(
                ({ mode, appId, openid, logins }) =>
                  html` <li data-testid="account-${mode}">
                    <p class="line">
                      <strong>${modes[mode]}</strong><span class="muted small">${t.logins(logins)}</span>
                    </p>
                    <p class="muted small"><code>${appId}</code><br /><code>${openid}</code></p>
                  </li>`,
              )}
            </ul>
          </section>
          <section class="card stack">
            <h2>${t.storedHeading}</h2>
            <dl class="facts">
              ${t.stored.map(
                ([where, what]) =>
                  html`<dt>${where}</dt>
                    <dd class="small">${what}</dd>`,
              )}
            </dl>
          </section>
        </div>
      </div>`,
  })
}
