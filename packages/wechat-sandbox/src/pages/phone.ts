import { html } from './html.js'
import { texts } from './i18n.js'
import { layout } from './layout.js'
import { appHead, hiddenFields, mark, name, userChoice } from './parts.js'
import type { PhoneView } from './views.js'

/** The page that the phone shows after scanning: it asks to confirm or cancel, and then shows the result. */
export function phonePage(view: PhoneView): string {
  const { lang, app, status } = view
  const t = texts[lang]
  if (status === 'scanned') {
    return layout({
      lang,
      title: t.phoneTitle(app.name),
      langQuery: { uuid: view.uuid },
      body: html`<form
        method="post"
        action="${view.action}"
        class="card stack"
        data-testid="phone-status"
        data-status="scanned"
      >
        ${hiddenFields({ uuid: view.uuid }, lang)} ${appHead(app, lang)}
        <div class="stack tight">
          <h1>${t.phoneHeading(name(app.name))}</h1>
          <p class="muted small">${t.phoneText}</p>
        </div>
        ${userChoice(t.phoneUser, view.users, view.selectedUser, lang)}
        <div class="stack answers">
          <button class="primary wide" name="decision" value="confirm" data-testid="decision-confirm">
            ${t.phoneConfirm}
          </button>
          <button class="wide" name="decision" value="cancel" data-testid="decision-cancel">
            ${t.phoneCancel}
          </button>
        </div>
      </form>`,
    })
  }
  const [kind, heading, hint] = {
    confirmed: ['good', t.phoneConfirmed, t.phoneConfirmedHint] as const,
    cancelled: ['bad', t.phoneCancelled, t.phoneCancelledHint] as const,
    expired: ['late', t.phoneExpired, t.phoneExpiredHint] as const,
  }[status]
  return layout({
    lang,
    title: heading,
    // Opening the page counts as scanning. After a decision, a change of language would scan again.
    ...(status === 'expired' && { langQuery: { uuid: view.uuid } }),
    body: html`<section class="card stack result" data-testid="phone-status" data-status="${status}">
      ${mark(kind)}
      <h1>${heading}</h1>
      <p class="muted">${hint}</p>
    </section>`,
  })
}
