const { twice } = /** @type {import('../src/pages/script-data.js').TwiceData} */ (scriptData)

// `no-store`: otherwise the second request would wait in the browser's cache for the answer to this one.
fetch(twice, { mode: 'no-cors', credentials: 'include', redirect: 'follow', cache: 'no-store' }).catch(
  () => {},
)
location.replace(twice)
