const page = /** @type {import('../src/pages/script-data.js').MiniProgramData} */ (scriptData)

/** The user data that each checkbox adds to the body. */
const fieldsOf = { 'mp-encrypted': ['encryptedData', 'iv'], 'mp-signed': ['rawData', 'signature'] }

/** @type {HTMLSelectElement} */
const app = element('mp-app')
/** @type {HTMLSelectElement} */
const user = element('mp-user')
/** @type {HTMLTextAreaElement} */
const body = element('mp-body')
/** @type {HTMLButtonElement} */
const loginButton = element('mp-login')
/** @type {HTMLButtonElement} */
const sendButton = element('mp-send')
/** @type {HTMLInputElement} */
const serverUrl = element('mp-server-url')

/** @type {string | undefined} */
let code
/** @type {Record<string, unknown> | undefined} */
let data
/** @type {Record<string, unknown>} */
let filled = {}

app.addEventListener('change', forget)
user.addEventListener('change', forget)
body.addEventListener('input', check)
loginButton.addEventListener('click', login)
for (const id of Object.keys(fieldsOf)) element(id).addEventListener('change', include)
element('mp-copy').addEventListener('click', copy)
element('mp-form').addEventListener('submit', send)
// After a reload the browser restores the fields, but the code in them is gone.
fill()

/**
 * @template {HTMLElement} [E=HTMLElement]
 * @param {string} id
 * @returns {E}
 */
function element(id) {
  return /** @type {E} */ (document.querySelector(`[data-testid="${id}"]`))
}

/** @param {string} id */
function isChecked(id) {
  /** @type {HTMLInputElement} */
  const checkbox = element(id)
  return checkbox.checked
}

/** @param {unknown} value */
function pretty(value) {
  if (typeof value !== 'string') return value === undefined ? '' : JSON.stringify(value, null, 2)
  try {
    return JSON.stringify(JSON.parse(value), null, 2)
  } catch {
    return value
  }
}

/** @param {unknown} error */
function messageOf(error) {
  return /** @type {Error} */ (error).message
}

/**
 * @param {string} id
 * @param {unknown} [error]
 */
function showProblem(id, error) {
  element(id).hidden = !error
  element(id).textContent = error ? page.texts.failed + ' ' + messageOf(error) : ''
}

/**
 * @param {string} url
 * @param {object} input
 */
async function call(url, input) {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(input),
  })
  const text = await answer.text()
  let output
  try {
    output = JSON.parse(text)
  } catch {
    throw new Error('HTTP ' + answer.status)
  }
  if (!answer.ok || output.errcode) {
    throw new Error(output.errmsg || output.message || output.error || 'HTTP ' + answer.status)
  }
  return output
}

/**
 * @param {string} title
 * @param {string} text
 */
function section(title, text) {
  const label = document.createElement('p')
  label.className = 'label'
  label.textContent = title
  const pre = document.createElement('pre')
  pre.textContent = text
  return [label, pre]
}

/**
 * Adds a call to the history.
 *
 * @param {string} what
 * @param {{ result: string; good: boolean; sent: string; received: string }} outcome
 */
function remember(what, { result, good, sent, received }) {
  const entry = document.createElement('li')
  entry.dataset.testid = 'mp-history-entry'
  const details = document.createElement('details')
  const summary = document.createElement('summary')
  const time = document.createElement('time')
  time.textContent = new Date().toLocaleTimeString('en-GB')
  const label = document.createElement('span')
  label.className = 'mono'
  label.textContent = what
  const status = document.createElement('b')
  status.className = 'status'
  status.dataset.kind = good ? 'good' : 'bad'
  status.textContent = result
  summary.append(time, label, status)
  details.append(summary, ...section(page.texts.sent, sent), ...section(page.texts.received, received))
  entry.append(details)
  const list = element('mp-history')
  list.prepend(entry)
  while (list.children.length > 50) list.lastElementChild?.remove()
  element('mp-history-empty').hidden = true
}

/**
 * @param {string} what
 * @param {string} sent
 * @param {unknown} error
 */
function rememberFailure(what, sent, error) {
  remember(what, { result: page.texts.failedEntry, good: false, sent, received: messageOf(error) })
}

/** Puts the code and the user data into the body and keeps everything else that was typed. */
function fill() {
  let typed
  try {
    typed = JSON.parse(body.value)
  } catch {
    return check()
  }
  if (typed === null || typeof typed !== 'object' || Array.isArray(typed)) return
  for (const [name, value] of Object.entries(filled)) {
    if (typed[name] === value) delete typed[name]
  }
  filled = { code: code ?? '' }
  for (const [id, names] of Object.entries(fieldsOf)) {
    for (const name of names) {
      if (isChecked(id) && data) filled[name] = data[name]
    }
  }
  body.value = JSON.stringify({ ...filled, ...typed, ...filled }, null, 2)
  check()
}

function check() {
  let valid = true
  try {
    JSON.parse(body.value)
  } catch {
    valid = false
  }
  element('mp-body-invalid').hidden = valid
}

async function encrypt() {
  if (!code || data || !Object.keys(fieldsOf).some(isChecked)) return
  const input = { appId: app.value, user: user.value }
  try {
    const output = await call(page.encryptUrl, input)
    data = output
    remember('wx.getUserInfo()', { result: 'ok', good: true, sent: pretty(input), received: pretty(output) })
  } catch (error) {
    rememberFailure('wx.getUserInfo()', pretty(input), error)
    throw error
  }
}

function forget() {
  code = data = undefined
  element('mp-code').textContent = ''
  element('mp-copy').hidden = true
  showProblem('mp-login-error')
  fill()
}

async function login() {
  const input = { appId: app.value, user: user.value }
  loginButton.disabled = true
  forget()
  try {
    const answer = await call(page.loginUrl, input)
    remember('wx.login()', { result: 'ok', good: true, sent: pretty(input), received: pretty(answer) })
    code = answer.code
    await encrypt()
    element('mp-copy').hidden = false
  } catch (error) {
    if (!code) rememberFailure('wx.login()', pretty(input), error)
    showProblem('mp-login-error', error)
  } finally {
    element('mp-code').textContent = code ?? ''
    loginButton.disabled = false
    fill()
  }
}

async function include() {
  showProblem('mp-login-error')
  try {
    await encrypt()
  } catch (error) {
    showProblem('mp-login-error', error)
  }
  fill()
}

async function copy() {
  try {
    await navigator.clipboard.writeText(code ?? '')
    element('mp-copy').textContent = page.texts.copied
    setTimeout(() => {
      element('mp-copy').textContent = page.texts.copy
    }, 1500)
  } catch {
    getSelection()?.selectAllChildren(element('mp-code'))
  }
}

/** @param {SubmitEvent} event */
async function send(event) {
  event.preventDefault()
  const url = serverUrl.value.trim()
  const status = element('mp-status')
  const response = element('mp-response')
  const what = 'POST ' + url.replace(/^https?:\/\/[^/?#]*/i, '').replace(/[?#].*/, '')
  showProblem('mp-send-error', /^https?:\/\/./i.test(url) ? undefined : new Error(page.texts.badUrl))
  if (!element('mp-send-error').hidden) return
  sendButton.disabled = true
  sendButton.textContent = page.texts.sending
  status.textContent = response.textContent = ''
  delete status.dataset.kind
  const sent = body.value
  try {
    const answer = await call(page.requestUrl, {
      url,
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: sent,
    })
    const good = answer.status >= 200 && answer.status < 300
    status.textContent = answer.status
    status.dataset.kind = good ? 'good' : 'bad'
    response.textContent = pretty(answer.body) || page.texts.emptyAnswer
    response.scrollIntoView({ block: 'nearest' })
    remember(what, { result: answer.status, good, sent: pretty(sent), received: pretty(answer.body) })
  } catch (error) {
    showProblem('mp-send-error', error)
    rememberFailure(what, pretty(sent), error)
  } finally {
    sendButton.disabled = false
    sendButton.textContent = page.texts.send
  }
}
