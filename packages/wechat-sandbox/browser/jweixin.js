// A stub of WeChat's script for pages. Events come in the order of the real one: if `wx.config` fails, the callback of `wx.error`
// is called; then, in any case, the callbacks of `wx.ready`. The functions named in `jsApiList` only report success or failure.

const { verdictPath } = /** @type {import('../src/pages/script-data.js').JweixinData} */ (scriptData)

/**
 * @typedef {{ errMsg: string }} Result
 * @typedef {{
 *   success?: (result: Result) => void
 *   fail?: (result: Result) => void
 *   complete?: (result: Result) => void
 * }} Callbacks
 * @typedef {{
 *   debug?: boolean
 *   appId: string
 *   timestamp: string
 *   nonceStr: string
 *   signature: string
 *   jsApiList?: string[]
 * }} Config
 */

if (!window.jWeixin) window.jWeixin = window.wx = createWx()

function createWx() {
  const { src } = /** @type {HTMLScriptElement} */ (document.currentScript)
  const verdictUrl = new URL(verdictPath, src).href
  let debug = false
  /** @type {string[]} */
  let names = []
  /** @type {Result | undefined} */
  let verdict
  let isUnreported = false
  /** @type {((result: Result) => void) | undefined} */
  let onError
  /** @type {(() => void)[]} */
  const waiting = []
  let calls = 0

  /** @type {Record<string, Function>} */
  const wx = {
    /** @param {Config} options */
    config(options) {
      debug = Boolean(options.debug)
      names = options.jsApiList ?? []
      names.forEach(offer)
      const { appId, timestamp, nonceStr, signature } = options
      const [url = ''] = window.location.href.split('#')
      requestVerdict({ appId, timestamp, nonceStr, signature, url }, settle)
    },
    /** @param {() => void} callback */
    ready(callback) {
      if (verdict) callback()
      else waiting.push(callback)
    },
    /** @param {(result: Result) => void} callback */
    error(callback) {
      if (isUnreported && verdict) callback(verdict)
      else onError = callback
    },
    /** @param {Callbacks & { jsApiList: string[] }} options */
    checkJsApi(options) {
      const checkResult = Object.fromEntries(
        options.jsApiList.map((name) => [name, typeof wx[name] === 'function']),
      )
      report(options, true, { checkResult, errMsg: 'checkJsApi:ok' })
    },
  }
  return wx

  /** @param {Result} result */
  function settle(result) {
    verdict = result
    if (debug) console.log('wx.config', result.errMsg)
    if (result.errMsg !== 'config:ok') {
      if (onError) onError(result)
      else isUnreported = true
    }
    for (const callback of waiting.splice(0)) callback()
  }

  /**
   * Loads the verdict as a script, because a page of another origin can read no other answer.
   *
   * @param {Record<string, string>} query
   * @param {(result: Result) => void} done
   */
  function requestVerdict(query, done) {
    calls += 1
    const name = `__wechatSandbox${calls}`
    const callbacks = /** @type {Record<string, unknown>} */ (/** @type {unknown} */ (window))
    const script = document.createElement('script')
    /** @param {Result} result */
    function finish(result) {
      delete callbacks[name]
      script.remove()
      done(result)
    }
    callbacks[name] = finish
    script.onerror = () => finish({ errMsg: 'config:fail' })
    script.src = `${verdictUrl}?${new URLSearchParams({ id: String(calls), ...query })}`
    document.head.appendChild(script)
  }

  /**
   * @param {Callbacks | undefined} callbacks
   * @param {boolean} ok
   * @param {Result & { checkResult?: object }} result
   */
  function report({ success, fail, complete } = {}, ok, result) {
    if (ok) success?.(result)
    else fail?.(result)
    complete?.(result)
  }

  /** @param {string} name */
  function isGranted(name) {
    return verdict?.errMsg === 'config:ok' && names.includes(name)
  }

  /** @param {string} name */
  function offer(name) {
    /** @param {Callbacks} [options] */
    wx[name] ??= (options) => {
      const ok = isGranted(name)
      report(options, ok, { errMsg: `${name}${ok ? ':ok' : ':permission denied'}` })
    }
  }
}
