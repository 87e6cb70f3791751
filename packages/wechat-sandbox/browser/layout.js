// Runs in every page of the sandbox.

document.documentElement.classList.toggle('framed', window.self !== window.top)

document.addEventListener('DOMContentLoaded', () => {
  for (const link of /** @type {NodeListOf<HTMLAnchorElement>} */ (
    document.querySelectorAll('a[data-keep-query]')
  )) {
    const kept = location.search
      .slice(1)
      .split('&')
      .filter((pair) => pair && !/^lang(=|$)/.test(pair))
    link.href = location.pathname + '?' + kept.concat('lang=' + link.dataset.lang).join('&') + location.hash
  }
  for (const image of /** @type {NodeListOf<HTMLImageElement>} */ (
    document.querySelectorAll('.avatar img')
  )) {
    if (image.complete && !image.naturalWidth) image.remove()
    else image.addEventListener('error', () => image.remove())
  }
  for (const chosen of document.querySelectorAll('.users :checked')) {
    const list = chosen.closest('.users')
    const row = /** @type {HTMLElement | null} */ (chosen.closest('.user'))
    if (list && row) list.scrollTop = row.offsetTop - 118
  }
})
