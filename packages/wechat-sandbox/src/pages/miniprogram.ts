import { html } from './html.js'
import { texts } from './i18n.js'
import { layout } from './layout.js'
import type { MiniProgramView } from './views.js'

const css = `
main { max-width: 1080px; }
.intro { max-width: 44rem; }
.columns { display: grid; gap: 16px; align-items: start; grid-template-columns: minmax(0, 1fr); }
@media (min-width: 900px) { .columns { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); } }
.card h2 { display: flex; gap: 10px; align-items: center; }
.number {
  flex: none; width: 26px; height: 26px; border-radius: 50%; background: var(--tint); color: var(--green-text); font-size: .875rem; display: grid; place-items: center;
}
.field { display: flex; flex-direction: column; gap: 4px; }
.pair { display: grid; gap: 12px; grid-template-columns: repeat(auto-fit, minmax(min(100%, 260px), 1fr)); }
input[type="url"], select, textarea {
  width: 100%; min-height: 44px; padding: 9px 12px; border: 1px solid var(--field); border-radius: 8px; background: var(--card); color: var(--text); font: inherit;
  text-overflow: ellipsis;
}
input[type="url"], textarea { font-family: var(--mono); font-size: .875rem; }
textarea { min-height: 150px; resize: vertical; line-height: 1.5; white-space: pre-wrap; word-break: break-all; }
.check { display: flex; gap: 10px; align-items: center; min-height: 36px; padding-block: 4px; line-height: 1.35; cursor: pointer; }
.check input { flex: none; width: 20px; height: 20px; margin: 0; accent-color: var(--green); }
.check code { display: inline-block; color: var(--muted); font-size: .8125rem; }
button code { font-size: 1rem; }
.code-row { display: flex; gap: 12px; align-items: center; justify-content: space-between; background: var(--inset); border-radius: 8px; padding: 8px 8px 8px 14px; min-height: 56px; }
.code-row output { font-family: var(--mono); font-size: .875rem; word-break: break-all; display: block; }
.code-row output:empty::before, .answer-body:empty::before { content: attr(data-empty); color: var(--muted); font-family: system-ui, sans-serif; }
.code-row .button, .code-row button { min-height: 36px; padding: 4px 14px; flex: none; background: var(--card); font-size: .875rem; }
.problem { color: var(--red); font-size: .9375rem; }
.status { font-weight: 600; font-family: var(--mono); padding: 2px 10px; border-radius: 999px; background: var(--inset); }
.answered:has(.status:empty) { visibility: hidden; }
.status[data-kind="good"] { background: var(--tint); color: var(--green-text); }
.status[data-kind="bad"] { color: var(--red); }
.heading { display: flex; flex-wrap: wrap; gap: 8px 12px; justify-content: space-between; align-items: center; }
pre { margin: 0; padding: 12px 14px; border-radius: 8px; background: var(--inset); max-height: 420px; overflow: auto; white-space: pre-wrap; word-break: break-word; font-size: .8125rem; line-height: 1.55; }
.history li + li { border-top: 1px solid var(--line); }
.history summary { padding: 10px 0; cursor: pointer; display: flex; gap: 10px; align-items: baseline; font-size: .9375rem; list-style: none; }
.history summary::-webkit-details-marker { display: none; }
.history summary time { flex: none; color: var(--muted); font-size: .8125rem; font-variant-numeric: tabular-nums; }
.history summary span { flex: 1; min-width: 0; }
.history details[open] { padding-bottom: 12px; }
.history pre + .label { margin-top: 10px; }
.history pre { margin-top: 4px; max-height: 220px; }
`

/** Isolates the direction of a name in an `<option>`, which cannot contain elements. */
function isolated(text: string): string {
  return `\u2068${text}\u2069`
}

/** The mini-program console. It calls `wx.login()` and `wx.getUserInfo()`, and sends a request to the developer's server. */
export function miniProgramPage(view: MiniProgramView): string {
  const { lang } = view
  const t = texts[lang]
  const apps = view.apps.filter((app) => app.type === 'miniprogram')
  const usable = apps.length > 0 && view.users.length > 0
  return layout({
    lang,
    css,
    title: t.mpTitle,
    langQuery: view.serverUrl ? { url: view.serverUrl } : {},
    keepQuery: true,
    body: html`<div class="intro stack tight">
        <h1>${t.mpTitle}</h1>
        <p class="muted">${t.mpText}</p>
      </div>
      ${apps.length === 0 && html`<p class="warnings" role="note" data-testid="mp-no-apps">${t.mpNoApps}</p>`}
      <noscript><p class="warnings">${t.needsScript}</p></noscript>
      <div class="columns">
        <div class="stack">
          <section class="card stack" aria-labelledby="login-heading">
            <h2 id="login-heading"><span class="number" aria-hidden="true">1</span>${t.mpLoginHeading}</h2>
            <div class="pair">
              <div class="field">
                <label class="label" for="mp-app">${t.mpApp}</label
                ><select id="mp-app" data-testid="mp-app">
                  ${apps.map(
                    (app) =>
                      html` <option value="${app.appId}">${isolated(app.name)} (${app.appId})</option>`,
                  )}
                </select>
              </div>
              <div class="field">
                <label class="label" for="mp-user">${t.mpUser}</label
                ><select id="mp-user" data-testid="mp-user">
                  ${view.users.map(
                    (user) =>
                      html` <option value="${user.id}">
                        ${isolated(user.nickname || user.id)} (${user.id})
                      </option>`,
                  )}
                </select>
              </div>
            </div>
            <button type="button" class="primary wide" data-testid="mp-login" ${!usable && html` disabled`}>
              <code>wx.login()</code>
            </button>
            <p class="problem" role="alert" data-testid="mp-login-error" hidden></p>
            <div class="stack tight">
              <p class="label" id="code-label">${t.mpCode}</p>
              <div class="code-row">
                <output
                  aria-labelledby="code-label"
                  data-testid="mp-code"
                  data-empty="${t.mpNoCode}"
                ></output>
                <button type="button" data-testid="mp-copy" hidden>${t.copy}</button>
              </div>
              <p class="muted small">${t.mpCodeHint}</p>
            </div>
          </section>
          <form class="card stack" aria-labelledby="send-heading" data-testid="mp-form" novalidate>
            <h2 id="send-heading"><span class="number" aria-hidden="true">2</span>${t.mpSendHeading}</h2>
            <div class="field">
              <label class="label" for="mp-server-url">${t.mpServer}</label>
              <input
                type="url"
                id="mp-server-url"
                value="${view.serverUrl}"
                aria-describedby="server-hint"
                autocomplete="off"
                spellcheck="false"
                data-testid="mp-server-url"
              />
              <p class="muted small" id="server-hint">${t.mpServerHint}</p>
            </div>
            <fieldset>
              <legend>${t.mpInclude}</legend>
              <label class="check"
                ><input type="checkbox" data-testid="mp-encrypted" /><span
                  >${t.mpEncrypted} <code>encryptedData, iv</code></span
                ></label
              >
              <label class="check"
                ><input type="checkbox" data-testid="mp-signed" /><span
                  >${t.mpSigned} <code>rawData, signature</code></span
                ></label
              >
            </fieldset>
            <div class="field">
              <label class="label" for="mp-body">${t.mpBody}</label>
              <textarea
                id="mp-body"
                rows="7"
                spellcheck="false"
                autocomplete="off"
                aria-describedby="body-hint body-invalid"
                data-testid="mp-body"
              >
{}</textarea>
              <p class="muted small" id="body-hint">${t.mpBodyHint}</p>
              <p class="problem" id="body-invalid" role="status" data-testid="mp-body-invalid" hidden>
                ${t.mpBodyInvalid}
              </p>
            </div>
            <button class="primary wide" data-testid="mp-send">${t.mpSend}</button>
            <p class="problem" role="alert" data-testid="mp-send-error" hidden></p>
          </form>
        </div>
        <div class="stack">
          <section class="card stack" aria-labelledby="answer-heading">
            <div class="heading">
              <h2 id="answer-heading">
                <span class="number" aria-hidden="true">3</span>${t.mpAnswerHeading}
              </h2>
              <p class="small answered">
                <span class="muted" id="status-label">${t.mpStatus}</span>
                <output class="status" aria-labelledby="status-label" data-testid="mp-status"></output>
              </p>
            </div>
            <pre
              class="answer-body"
              tabindex="0"
              aria-labelledby="answer-heading"
              data-testid="mp-response"
              data-empty="${t.mpNoAnswer}"
            ></pre>
          </section>
          <section class="card stack" aria-labelledby="history-heading">
            <h2 id="history-heading">${t.mpHistoryHeading}</h2>
            <p class="muted" data-testid="mp-history-empty">${t.mpNoHistory}</p>
            <ol class="history" data-testid="mp-history"></ol>
          </section>
        </div>
      </div>`,
    script: {
      name: 'miniprogram',
      data: {
        loginUrl: view.loginUrl,
        encryptUrl: view.encryptUrl,
        requestUrl: view.requestUrl,
        texts: {
          copy: t.copy,
          copied: t.copied,
          failed: t.mpFailed,
          failedEntry: t.mpFailedEntry,
          sent: t.mpSent,
          received: t.mpReceived,
          send: t.mpSend,
          sending: t.mpSending,
          badUrl: t.mpBadUrl,
          emptyAnswer: t.mpEmptyAnswer,
        },
      },
    },
  })
}
