/**
 * A stub of WeChat's script for pages. It has the order of events of the real one: after `wx.config` a failure goes to `wx.error`,
 * and then, failure or not, the functions given to `wx.ready` are called. The functions asked for in `jsApiList` do nothing but
 * answer.
 *
 * @param verdictPath - where, at the script's own origin, `wx.config` has the signature checked
 */
export const jweixinScript = (verdictPath: string): string => `(function (window, document) {
  'use strict'
  if (window.jWeixin) return
  var verdictUrl = new URL(${JSON.stringify(verdictPath)}, document.currentScript.src).href
  var debug = false
  var names = []
  var verdict
  var unheard = false
  var onError
  var waiting = []
  var calls = 0

  function settle(result) {
    verdict = result
    if (debug) console.log('wx.config', result.errMsg)
    if (result.errMsg !== 'config:ok') {
      if (onError) onError(result)
      else unheard = true
    }
    waiting.splice(0).forEach(function (callback) { callback() })
  }

  function ask(query, done) {
    calls += 1
    var name = '__wechatSandbox' + calls
    var script = document.createElement('script')
    function finish(result) {
      delete window[name]
      script.remove()
      done(result)
    }
    window[name] = finish
    script.onerror = function () { finish({ errMsg: 'config:fail' }) }
    script.src = verdictUrl + '?' + new URLSearchParams(Object.assign({ id: calls }, query))
    document.head.appendChild(script)
  }

  function answer(options, ok, result) {
    var told = options || {}
    if (ok && told.success) told.success(result)
    if (!ok && told.fail) told.fail(result)
    if (told.complete) told.complete(result)
  }

  function isGranted(name) {
    return Boolean(verdict) && verdict.errMsg === 'config:ok' && names.indexOf(name) >= 0
  }

  function offer(name) {
    if (wx[name]) return
    wx[name] = function (options) {
      var ok = isGranted(name)
      answer(options, ok, { errMsg: name + (ok ? ':ok' : ':permission denied') })
    }
  }

  var wx = {
    config: function (options) {
      debug = Boolean(options.debug)
      names = options.jsApiList || []
      names.forEach(offer)
      ask({
        appId: options.appId,
        timestamp: options.timestamp,
        nonceStr: options.nonceStr,
        signature: options.signature,
        url: window.location.href.split('#')[0]
      }, settle)
    },
    ready: function (callback) {
      if (verdict) callback()
      else waiting.push(callback)
    },
    error: function (callback) {
      if (unheard) callback(verdict)
      else onError = callback
    },
    checkJsApi: function (options) {
      var checkResult = {}
      options.jsApiList.forEach(function (name) { checkResult[name] = typeof wx[name] === 'function' })
      answer(options, true, { checkResult: checkResult, errMsg: 'checkJsApi:ok' })
    }
  }
  window.jWeixin = window.wx = wx
})(window, document)
`
