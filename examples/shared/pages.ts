// The pages that the examples of the frameworks share.

/** What the session keeps of a user. */
export interface PageUser {
  id: string
  name: string
  /** How the user logged in: `mp`, `website` or `miniprogram`. */
  mode: string
}

/** Where a mini-program posts its code. */
export const miniProgramPath = '/auth/wechat/miniprogram'

/**
 * The start page.
 *
 * @param user - the user who is logged in
 * @param site - this application, as in `http://127.0.0.1:3000`
 * @param sandbox - address of the sandbox, whose page plays a mini-program
 */
export function homePage(user: PageUser | undefined, site: string, sandbox: string | undefined): string {
  const loginUrl = encodeURIComponent(site + miniProgramPath)
  const miniProgram =
    sandbox === undefined
      ? ''
      : `<li><a href="${escaped(sandbox)}/__sandbox/miniprogram?url=${loginUrl}">Play a mini-program</a>: it posts its code to this server and gets a token</li>`
  return user
    ? page(
        'You are logged in',
        `<p>You are <b>${escaped(user.name)}</b>, user ${escaped(user.id)}. You used the mode <code>${escaped(user.mode)}</code>.</p>
<form method="post" action="/logout"><button>Log out</button></form>`,
      )
    : page(
        'Log in with WeChat',
        `<p>You are not logged in.</p>
<ul>
<li><a href="/auth/wechat">Log in</a>: the strategy chooses. WeChat's browser gets the page of the official account; other browsers get the QR code</li>
<li><a href="/auth/wechat/mp">Log in as in WeChat's browser</a>, with the official account</li>
<li><a href="/auth/wechat/website">Log in with a QR code</a></li>
${miniProgram}
</ul>`,
      )
}

/** What `info` of a failed login may be. */
export interface PageFailure {
  message?: string
  code?: string
  reason?: string
}

/** The page for a login that failed. It never shows `info.hint`, which is for developers. */
export function failurePage({ message, code, reason }: PageFailure = {}): string {
  const detail = [code, reason].filter((part) => part !== undefined).join(', ')
  return page(
    'You are not logged in',
    `<p>${escaped(message ?? 'The login failed')}.</p>
<p><code>${escaped(detail)}</code></p>
<p><a href="/">Try again</a></p>`,
  )
}

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<h1>${title}</h1>
${body}
</html>`
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
