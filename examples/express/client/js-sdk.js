// The script of the page inside WeChat. Every text that it shows is in the page already, in the page's language.
const page = element('js-sdk')
const apis = ['scanQRCode', 'chooseImage']

if (window.wx) void configure(window.wx)
else show('unreachable')

/** @param {Wx} sdk */
async function configure(sdk) {
  sdk.error(({ errMsg }) => show('refused', errMsg))
  sdk.ready(() => {
    // WeChat calls this after a failure, too.
    if (page.dataset.status === 'refused') return
    show('accepted')
    sdk.checkJsApi({
      jsApiList: apis,
      success({ checkResult }) {
        for (const name of apis) element(`api-${name}`).textContent = checkResult[name] ? '✓' : '✗'
      },
    })
  })
  element('scan').addEventListener('click', () => {
    sdk.scanQRCode({
      needResult: 1,
      complete({ resultStr, errMsg }) {
        element('scan-result').textContent = resultStr || errMsg
      },
    })
  })
  try {
    // The part after # is not signed.
    const [url = ''] = location.href.split('#')
    const response = await fetch(`/wechat/js-sdk?url=${encodeURIComponent(url)}`)
    if (!response.ok) throw new Error(String(response.status))
    const signed = await response.json()
    if (page.dataset.moveTo) history.replaceState(null, '', page.dataset.moveTo)
    sdk.config({ jsApiList: apis, ...signed })
  } catch {
    show('unsigned')
  }
}

/** @param {string} id */
function element(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id))
}

/**
 * @param {string} status
 * @param {string} [words]
 */
function show(status, words = '') {
  page.dataset.status = status
  for (const part of /** @type {NodeListOf<HTMLElement>} */ (page.querySelectorAll('[data-when]'))) {
    part.hidden = !part.dataset.when?.split(' ').includes(status)
  }
  element('js-sdk-words').textContent = words
}
