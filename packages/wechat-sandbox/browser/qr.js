// Like WeChat's own page: after 408 it asks again in 2 s, after 404 (scanned) in 100 ms and after 403 (cancelled) in 2 s;
// 402 and 500 mean that the code has expired, 405 that the login is confirmed.

const page = /** @type {import('../src/pages/script-data.js').QrData} */ (scriptData)
const box = element('qr')
const live = element('qr-status')

for (const warning of page.warnings) console.warn(warning)
element('qr-reload').addEventListener('click', () => location.reload())
poll()

/**
 * @template {HTMLElement} [E=HTMLElement]
 * @param {string} id
 * @returns {E}
 */
function element(id) {
  return /** @type {E} */ (document.querySelector(`[data-testid="${id}"]`))
}

/** @param {import('../src/pages/script-data.js').QrPageStatus} status */
function show(status) {
  if (live.dataset.status === status) return
  live.dataset.status = box.dataset.status = status
  const [head, explanation] = page.texts[status]
  element('qr-head').textContent = head
  const hint = element('qr-hint')
  hint.textContent = explanation
  hint.classList.remove('waiting-hint')
  element('qr-reload').hidden = status !== 'expired'
}

/**
 * Joins the address as text, as WeChat's page does: a redirect_uri with a fragment gets code and state after the fragment.
 *
 * @param {string} code
 */
function leave(code) {
  show('confirmed')
  const base = page.redirectUri.replace(/&amp;/g, '&')
  go(base + (base.includes('?') ? '&' : '?') + 'code=' + code + '&state=' + page.state)
}

/**
 * In a frame, browsers let a page navigate the window only after a click in the frame. If they refuse, the link remains.
 *
 * @param {string} target
 */
function go(target) {
  element('qr-hint').textContent = page.texts.leaving
  if (!/^https?:\/\//i.test(target)) {
    element('qr-hint').textContent = page.texts.refused
    return
  }
  const here = page.selfRedirect || window.top === window.self
  /** @type {HTMLAnchorElement} */
  const link = element('qr-continue')
  link.href = target
  link.target = here ? '_self' : '_top'
  setTimeout(() => {
    link.hidden = false
  }, 1500)
  try {
    /** @type {Window | null} */
    const frame = here ? window : window.top
    if (frame) frame.location = target
  } catch {
    link.hidden = false
  }
}

/** @param {number} [last] - the last errcode, if the server should wait for another one */
async function poll(last) {
  let errcode = 408
  let code = ''
  try {
    const known = last ? `last=${last}&` : ''
    const url = `${page.pollUrl}${page.pollUrl.includes('?') ? '&' : '?'}${known}_=${Date.now()}`
    const answer = await fetch(url, { cache: 'no-store', signal: AbortSignal.timeout(60000) })
    const text = await answer.text()
    errcode = Number(/wx_errcode\s*=\s*(\d+)/.exec(text)?.[1] ?? 408)
    code = /wx_code\s*=\s*'([^']*)'/.exec(text)?.[1] ?? ''
  } catch {
    // The server cannot be reached now: ask again later.
  }
  if (errcode === 405) return leave(code)
  if (errcode === 402 || errcode === 500) return show('expired')
  if (errcode === 404) show('scanned')
  if (errcode === 403) {
    show('cancelled')
    if (page.cancelUrl) return go(page.cancelUrl)
  }
  setTimeout(poll, errcode === 404 ? 100 : 2000, errcode === 404 || errcode === 403 ? errcode : undefined)
}
