import type { Lang } from '../language.js'
import type { User } from '../users.js'
import { html, type Html } from './html.js'
import { layout } from './layout.js'
import { avatar, isolated, logOutForm, nameOf } from './parts.js'
import { texts } from './texts.js'

export interface StartView {
  lang: Lang
  user: User | undefined
  /** Whether the page is open in WeChat's browser. */
  insideWechat: boolean
  /** The configured ways to log in. */
  modes: { mp: boolean; website: boolean; miniprogram: boolean }
  /** Address of WeChat's QR page for a frame. */
  qrUrl: string | undefined
  /** The address to which mini-programs post their code. */
  miniProgramLogin: string
  /** The address of a page that acts as a mini-program, if there is one. */
  miniProgramConsole: string | undefined
  /** The address of the sandbox, if it replaces WeChat. */
  playedBy: string | undefined
}

export function startPage(view: StartView): string {
  const { lang, user, playedBy } = view
  const t = texts[lang].start
  return layout({
    lang,
    path: view.qrUrl === undefined ? '/' : '/?qr=here',
    title: t.title,
    main: html`${user && personBar(user, lang)}
      <div class="hero">
        <h1>${t.heading}</h1>
        <p class="lead">${t.lead}</p>
        <p class="note">
          ${playedBy === undefined ? t.real : t.played(html`<a href="${playedBy}">${playedBy}</a>`)}
        </p>
      </div>
      <div class="cards${view.qrUrl !== undefined && ' uneven'}">
        ${officialAccount(view)} ${website(view)} ${miniProgram(view)}
      </div>
      <div class="two even">
        <section class="card stack">
          <h2>${t.oneUserHeading}</h2>
          <p>${t.oneUserText}</p>
        </section>
        ${
          playedBy !== undefined &&
          html`<section class="card stack">
            <h2>${t.tryHeading}</h2>
            <ul class="list">
              ${t.tries.map((one) => html`<li>${one}</li>`)}
            </ul>
          </section>`
        }
      </div>`,
  })
}

function personBar(user: User, lang: Lang): Html {
  const t = texts[lang].start
  return html`<section class="card person" data-testid="logged-in">
    <p class="who">${avatar(user, lang)}<span>${t.loggedInAs(isolated(nameOf(user, lang)))}</span></p>
    <div class="actions">
      <a class="button" href="/profile" data-testid="to-profile">${t.toProfile}</a>${logOutForm(lang)}
    </div>
  </section>`
}

function officialAccount({ lang, modes, insideWechat }: StartView): Html {
  const t = texts[lang].start
  return card({
    id: 'mp',
    lang,
    icon: html`<path d="M21 11.5a8.5 8 0 0 1-12.6 7L3 20l1.6-4.6A8.5 8 0 1 1 21 11.5z" /><path
        d="M9 11.5h.01M12.5 11.5h.01M16 11.5h.01"
      />`,
    heading: t.mpHeading,
    available: modes.mp,
    text: html`<p>${t.mpText}</p>
      <p class="muted small">${insideWechat ? t.mpHere : t.mpElsewhere}</p>`,
    code: insideWechat
      ? "passport.authenticate('wechat')"
      : "passport.authenticate('wechat',\n  { mode: 'mp' })",
    actions: html`<a
        class="button primary"
        href="${insideWechat ? '/auth/wechat' : '/auth/wechat/mp'}"
        data-testid="login-mp"
        >${insideWechat ? t.mpButtonHere : t.mpButton}</a
      >
      <a class="button" href="/inside-wechat" data-testid="to-inside-wechat">${t.jsSDKButton}</a>`,
  })
}

function website({ lang, modes, qrUrl }: StartView): Html {
  const t = texts[lang].start
  return card({
    id: 'website',
    lang,
    icon: html`<path
      d="M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h2.5v2.5H14zM20 14v0M20 17.5V20M14 20h2.5"
    />`,
    heading: t.websiteHeading,
    available: modes.website,
    text: html`<p>${t.websiteText}</p>
      ${
        qrUrl !== undefined &&
        html` <div class="qr">
            <iframe
              src="${qrUrl}"
              title="${t.inlineFrame}"
              allow="local-network-access"
              data-testid="inline-qr-frame"
            ></iframe>
          </div>
          <p class="muted small">${t.inlineText}</p>`
      }`,
    code:
      qrUrl === undefined
        ? "passport.authenticate('wechat',\n  { mode: 'website' })"
        : "strategy.getAuthorization(req,\n  { mode: 'website' })",
    actions: html`<a class="button primary" href="/auth/wechat/website" data-testid="login-website"
        >${t.websiteButton}</a
      >${
        qrUrl === undefined
          ? html`<a class="button" href="/?qr=here#website" data-testid="inline-qr">${t.inlineButton}</a>`
          : html`<a class="button" href="/#website" data-testid="inline-qr-hide">${t.inlineHide}</a>`
      }`,
  })
}

function miniProgram({ lang, modes, miniProgramLogin, miniProgramConsole }: StartView): Html {
  const t = texts[lang].start
  return card({
    id: 'miniprogram',
    lang,
    icon: html`<rect x="6.5" y="2.5" width="11" height="19" rx="2.5" /><path
        d="M10.5 18.5h3M10 9.5l2 2 2-2"
      />`,
    heading: t.miniprogramHeading,
    available: modes.miniprogram,
    text: html`<p>${t.miniprogramText}</p>
      <p class="muted small">
        ${miniProgramConsole === undefined ? t.miniprogramByHand : t.miniprogramPlayed}
      </p>`,
    code:
      miniProgramConsole === undefined
        ? `wx.login({\n  success({ code }) {\n    wx.request({\n      method: 'POST',\n      url: '${miniProgramLogin}',\n      data: { code },\n    })\n  },\n})`
        : "passport.authenticate('wechat',\n  { mode: 'miniprogram',\n    session: false })",
    actions:
      miniProgramConsole !== undefined &&
      html`<a
        class="button primary"
        href="${miniProgramConsole}"
        target="_blank"
        rel="noopener"
        data-testid="login-miniprogram"
        >${t.miniprogramButton}<span class="unseen"> ${t.newTab}</span>
        <svg viewBox="0 0 24 24" aria-hidden="true"><path d="M8 6h10v10M18 6L6 18" /></svg
      ></a>`,
  })
}

interface Card {
  id: 'mp' | 'website' | 'miniprogram'
  lang: Lang
  icon: Html
  heading: string
  available: boolean
  text: Html
  code: string
  actions: Html | false
}

function card({ id, lang, icon, heading, available, text, code, actions }: Card): Html {
  const t = texts[lang]
  return html`<section class="card way" id="${id}" aria-labelledby="${id}-heading">
    <header>
      <span class="icon"><svg viewBox="0 0 24 24" aria-hidden="true">${icon}</svg></span>
      <div>
        <p class="kicker">${t.modes[id]}</p>
        <h2 id="${id}-heading">${heading}</h2>
      </div>
    </header>
    ${text}
    <pre class="snippet"><code>${code}</code></pre>
    <div class="actions">
      ${available ? actions : html`<p class="muted small" data-testid="missing-${id}">${t.start.missing}</p>`}
    </div>
  </section>`
}
