const texts = /** @type {import('../src/pages/script-data.js').HomeData} */ (scriptData)

for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (
  document.querySelectorAll('button[data-copy]')
)) {
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(button.dataset.copy ?? '')
      const before = button.textContent
      button.textContent = texts.copied
      setTimeout(() => {
        button.textContent = before
      }, 1500)
    } catch {
      const code = button.parentElement?.querySelector('code')
      if (code) getSelection()?.selectAllChildren(code)
    }
  })
}

const query = new URLSearchParams(location.search)
if (query.has('code') || query.has('state')) {
  const box = find('[data-testid="home-callback"]')
  const code = query.get('code')
  for (const name of ['code', 'state']) {
    find(`[data-name="${name}"]`, box).textContent = query.get(name) ?? '–'
  }
  find('p', box).textContent = code && code !== 'authdeny' ? texts.arrived : texts.denied
  box.hidden = false
}

/**
 * @param {string} selector
 * @param {ParentNode} parent
 */
function find(selector, parent = document) {
  return /** @type {HTMLElement} */ (parent.querySelector(selector))
}
