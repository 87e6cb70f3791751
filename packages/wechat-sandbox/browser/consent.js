const { hashMissing } = /** @type {import('../src/pages/script-data.js').ConsentData} */ (scriptData)

if (location.hash !== '#wechat_redirect') {
  const box = /** @type {HTMLElement} */ (document.querySelector('[data-testid="warnings"]'))
  const item = document.createElement('li')
  item.textContent = hashMissing
  item.dataset.testid = 'warning-hash'
  box.querySelector('ul')?.append(item)
  box.hidden = false
}
