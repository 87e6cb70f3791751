/** The page's own script, in the page itself. It finds all that it shows in the page, in the page's language. */
export const jsSDKScript = `
(function () {
  'use strict'
  var page = document.getElementById('js-sdk')
  var apis = ['scanQRCode', 'chooseImage']

  function show(status, words) {
    page.dataset.status = status
    page.querySelectorAll('[data-when]').forEach(function (part) { part.hidden = part.dataset.when.split(' ').indexOf(status) < 0 })
    document.getElementById('js-sdk-words').textContent = words || ''
  }

  if (!window.wx) {
    show('unreachable')
    return
  }

  // WeChat calls what is given to wx.ready after a failure, too.
  wx.error(function (result) { show('refused', result.errMsg) })
  wx.ready(function () {
    if (page.dataset.status === 'refused') return
    show('accepted')
    wx.checkJsApi({
      jsApiList: apis,
      success: function (result) {
        apis.forEach(function (name) {
          document.getElementById('api-' + name).textContent = result.checkResult[name] ? '✓' : '✗'
        })
      }
    })
  })

  document.getElementById('scan').addEventListener('click', function () {
    wx.scanQRCode({
      needResult: 1,
      complete: function (result) { document.getElementById('scan-result').textContent = result.resultStr || result.errMsg }
    })
  })

  // What is behind # is not signed.
  fetch('/wechat/js-sdk?url=' + encodeURIComponent(location.href.split('#')[0]))
    .then(function (response) {
      if (!response.ok) throw new Error(String(response.status))
      return response.json()
    })
    .then(function (signed) {
      if (page.dataset.moveTo) history.replaceState(null, '', page.dataset.moveTo)
      wx.config(Object.assign({ jsApiList: apis }, signed))
    })
    .catch(function () { show('unsigned') })
})()
`
