import type { Lang } from '../language.js'
import { Html, html } from './html.js'
import { jsSDKScript } from './js-sdk-script.js'
import { layout } from './layout.js'
import { texts } from './texts.js'

export interface InsideWechatView {
  lang: Lang
  /** Address of WeChat's script for pages. */
  script: string
  /** Whether the page changes its address between the signature and `wx.config`. WeChat must refuse that. */
  moves: boolean
  /** Whether WeChat's script works here: in WeChat's browser, or with the sandbox. */
  answers: boolean
}

/** The page requests a signature from the server, passes it to `wx.config` and shows WeChat's verdict. */
export function insideWechatPage({ lang, script, moves, answers }: InsideWechatView): string {
  const t = texts[lang].insideWechat
  return layout({
    lang,
    path: moves ? '/inside-wechat?moves=1' : '/inside-wechat',
    title: t.title,
    narrow: true,
    main: html`<div class="hero">
        <h1>${t.heading}</h1>
        <p class="lead">${t.lead}</p>
      </div>
      <section
        class="card stack"
        id="js-sdk"
        data-testid="js-sdk"
        data-status="waiting"
        ${moves && html` data-move-to="/inside-wechat?moves=2"`}
      >
        <h2>${t.verdictHeading}</h2>
        <div role="status">
          <p data-when="waiting">${answers ? t.waiting : t.elsewhere}</p>
          <p class="note" data-when="accepted" hidden>${t.accepted}</p>
          <p data-when="refused" hidden>${t.refused}</p>
          <p data-when="unreachable" hidden>${t.unreachable}</p>
          <p data-when="unsigned" hidden>${t.unsigned}</p>
        </div>
        <p data-when="refused" hidden>
          <code class="tag" id="js-sdk-words" data-testid="js-sdk-words"></code>
        </p>
        <ul class="list" data-when="accepted" hidden>
          ${['scanQRCode', 'chooseImage'].map(
            (name) =>
              html` <li>
                <code>wx.${name}</code> <span id="api-${name}" data-testid="api-${name}"></span>
              </li>`,
          )}
        </ul>
        <p data-when="accepted" hidden>
          <button class="button" id="scan" data-testid="scan">${t.scan}</button>
          <code id="scan-result" data-testid="scan-result"></code>
        </p>
      </section>
      <section class="card stack">
        <h2>${t.howHeading}</h2>
        <p>${t.howServer}</p>
        <pre class="snippet"><code>${serverCode}</code></pre>
        <p>${t.howPage}</p>
        <pre class="snippet"><code>${pageCode}</code></pre>
      </section>
      <section class="card stack">
        <h2>${t.movesHeading}</h2>
        <p>${t.movesText}</p>
        <p>
          <a
            class="button"
            href="${moves ? '/inside-wechat' : '/inside-wechat?moves=1'}"
            data-testid="js-sdk-other"
            >${moves ? t.stay : t.move}</a
          >
        </p>
      </section>
      <script src="${script}"></script>
      ${new Html(`<script>${jsSDKScript}</script>`)}`,
  })
}

const serverCode = `app.get('/wechat/js-sdk',
  jsSDKHandler(oauth,
    { hosts: ['example.com'] }))`

const pageCode = `const page =
  location.href.split('#')[0]
const answer = await fetch(
  '/wechat/js-sdk?url=' +
  encodeURIComponent(page))
wx.config({
  ...await answer.json(),
  jsApiList: ['scanQRCode'],
})`
