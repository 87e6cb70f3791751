import { Browser } from './browser.js'

/**
 * Does what a user does on WeChat's page in a browser: chooses Alice, and allows the login.
 *
 * @param wechat - where the sandbox is
 * @param page - the page to which the application redirected
 * @returns the callback to which WeChat sends the browser
 */
export async function consent(wechat: string, page: URL): Promise<URL> {
  const browser = new Browser(wechat)
  const shown = await browser.open(page.pathname + page.search)
  if (!shown.text.includes('name="decision"')) throw new Error('WeChat did not ask the user')
  const form = new URLSearchParams([...page.searchParams, ['user', 'alice'], ['decision', 'allow']])
  const { location } = await browser.open(page.pathname, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: form.toString(),
  })
  if (!location) throw new Error('WeChat did not redirect')
  return location
}
