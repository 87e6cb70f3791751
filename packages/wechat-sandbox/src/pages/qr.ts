import { html } from './html.js'
import { texts } from './i18n.js'
import { layout } from './layout.js'
import { name, warningBox } from './parts.js'
import type { QrView } from './views.js'

// The class names impowerBox, title, qrcode, lightBorder, info and status_icon are WeChat's, and applications' style sheets use them.
const css = `
.impowerBox { text-align: center; }
.impowerBox .title { font-size: 1.25rem; font-weight: 600; }
.impowerBox .qrcode {
  display: block; width: 240px; max-width: 100%; aspect-ratio: 1; margin: 14px auto; padding: 8px; background: #fff; border-radius: 8px; object-fit: contain;
}
.lightBorder { border: 1px solid var(--line); }
.impowerBox .info { min-height: 52px; }
.qr-head { font-weight: 600; display: flex; gap: 8px; align-items: center; justify-content: center; }
.status_icon { flex: none; width: 22px; height: 22px; border-radius: 50%; background: #c8372d; display: none; }
.status_icon::after { content: ""; display: block; margin: 4px auto 0; width: 6px; height: 11px; border: solid #fff; border-width: 0 2.5px 2.5px 0; transform: rotate(45deg); }
[data-status="scanned"] .status_icon, [data-status="confirmed"] .status_icon { display: block; background: var(--green); }
[data-status="cancelled"] .status_icon, [data-status="expired"] .status_icon { display: block; }
[data-status="cancelled"] .status_icon::after, [data-status="expired"] .status_icon::after {
  content: "!"; width: auto; height: auto; margin: 0; border: 0; transform: none; color: #fff; font: 700 15px/22px system-ui, sans-serif; text-align: center;
}
.impowerBox[data-status="expired"] .qrcode, .impowerBox[data-status="confirmed"] .qrcode { opacity: .18; }
.qr-hint { color: var(--muted); font-size: .9375rem; }
.qr-actions { display: flex; flex-direction: column; gap: 8px; align-items: center; margin-top: 14px; }
.more-about { text-align: center; }
.more-about code { display: block; font-size: .8125rem; }
.impowerBox[data-status="confirmed"] .open-phone, .impowerBox[data-status="expired"] .open-phone { display: none; }
.impowerBox[data-status="confirmed"] ~ .more-about, .impowerBox[data-status="expired"] ~ .more-about { display: none; }

/* In a frame the page is transparent, and the application chooses black or white text. The system's colour scheme is ignored: if it
   differed from the embedding page's, the frame would be opaque. */
.framed { color-scheme: normal; }
.framed, .framed body { background: transparent; }
.framed.black { --card: transparent; --text: #181818; --muted: #5e5e5e; --line: #d9d9d9; --inset: #f0f0f0; --link: #3d5a92; --focus: #1c66e5; }
.framed.white { --card: transparent; --text: #fff; --muted: #dcdcdc; --line: rgb(255 255 255 / .35); --inset: rgb(255 255 255 / .16); --link: #cfdcff; --focus: #fff; }
.framed main { padding: 10px; max-width: none; gap: 8px; justify-content: center; }
.framed .card { padding: 0; box-shadow: none; }
.framed .more-about, .lite.framed .warnings { display: none; }
.framed .warnings { flex: none; padding: 3px 10px; font-size: .75rem; max-height: 4.7em; overflow: auto; color: #181818; background: #fff6dc; }
.framed .warnings + .impowerBox .qrcode { width: min(150px, 52vh, 100%); }
.framed .impowerBox .qrcode { width: min(190px, 52vh, 100%); margin-block: 8px; }
.framed .impowerBox .title { font-size: 1.0625rem; }
.framed .impowerBox .info { min-height: 0; line-height: 1.4; font-size: .9375rem; }
.framed .qr-hint { font-size: .8125rem; display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden; }
.framed .qr-actions { margin-top: 8px; }
.framed .qr-actions .button, .framed .qr-actions button { min-height: 36px; padding-block: 4px; font-size: .9375rem; }

html.white:not(.framed) {
  color-scheme: dark; --ground: #2b2b2b; --card: #333; --inset: #444; --text: #fff; --muted: #d0d0d0; --line: #555; --link: #b9ccf5; --focus: #8ab4ff;
  --green-text: #4bd088; --tint: #24402f; --warn: #332a0f; --warn-line: #8a6d14; --shadow: none;
}

.lite .impowerBox .title, .lite .waiting-hint { display: none; }
.lite .impowerBox .qrcode { width: 180px; margin-top: 0; }
.lite.framed .banner { padding: 1px 8px; font-size: .6875rem; border-bottom-width: 2px; }
.lite.framed main { padding: 5px; }
.lite.framed .impowerBox .qrcode { width: min(180px, 50vh, 100%); margin-block: 0 4px; padding: 4px; }
.lite.framed .impowerBox .info, .lite.framed .qr-hint { font-size: .75rem; }
.lite.framed .qr-actions { margin-top: 4px; gap: 4px; }
.lite.framed .qr-actions .button, .lite.framed .qr-actions button { min-height: 28px; padding: 2px 12px; font-size: .8125rem; }
.lite.framed .status_icon { display: none; }
@media (max-height: 300px) { .framed .impowerBox .qr-hint { display: none; } }
`

/** The page, or the frame in an application's page, that shows a QR code. */
export function qrPage(view: QrView): string {
  const { lang, app } = view
  const t = texts[lang]
  return layout({
    lang,
    css,
    title: t.qrTitle(app.name),
    rootClass: `${view.style}${view.stylelite ? ' lite' : ''}`,
    langQuery: {
      appid: app.appId,
      redirect_uri: view.redirectUri,
      response_type: 'code',
      scope: 'snsapi_login',
      state: view.state,
    },
    keepQuery: true,
    ...(view.href !== undefined && !view.stylelite && { href: view.href }),
    body: html`${warningBox(view.warnings, lang)}
      <section class="card impowerBox" data-testid="qr" data-status="waiting">
        <h1 class="title">${t.qrHeading}</h1>
        <img class="qrcode lightBorder" src="${view.qrUrl}" alt="${t.qrImage}" data-testid="qr-image" />
        <div class="info" role="status" data-testid="qr-status" data-status="waiting">
          <p class="qr-head">
            <i class="status_icon" aria-hidden="true"></i><span data-testid="qr-head">${t.qrWaiting}</span>
          </p>
          <p class="qr-hint waiting-hint" data-testid="qr-hint">${t.qrWaitingFor(name(app.name))}</p>
        </div>
        <div class="qr-actions">
          <a
            class="button primary open-phone"
            href="${view.confirmUrl}"
            target="_blank"
            rel="noopener"
            data-testid="qr-open-phone"
            >${t.qrOpenPhone}</a
          >
          <button type="button" class="primary" data-testid="qr-reload" hidden>${t.qrReload}</button>
          <a class="button primary" data-testid="qr-continue" hidden>${t.qrContinue}</a>
        </div>
        <noscript><p>${t.needsScript}</p></noscript>
      </section>
      <div class="more-about small muted stack tight">
        <p>${t.qrNoPhone}</p>
        <p>${t.qrSays} <code>${view.confirmUrl}</code></p>
      </div>`,
    script: {
      name: 'qr',
      data: {
        pollUrl: view.pollUrl,
        redirectUri: view.redirectUri,
        state: view.state,
        selfRedirect: view.selfRedirect,
        warnings: view.warnings,
        cancelUrl: view.cancelUrl,
        texts: {
          scanned: [t.qrScanned, t.qrScannedHint],
          cancelled: [t.qrCancelled, t.qrCancelledHint],
          expired: [t.qrExpired, t.qrExpiredHint],
          confirmed: [t.qrConfirmed, ''],
          leaving: t.qrLeaving,
          refused: t.qrRefused,
        },
      },
    },
  })
}
