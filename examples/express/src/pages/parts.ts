import type { User } from '../users.js'
import type { Lang } from '../language.js'
import { html, type Html } from './html.js'
import { texts } from './texts.js'

/** What to call a user: WeChat does not tell every app a name. */
export function nameOf(user: User, lang: Lang): string {
  return user.name || texts[lang].nameless
}

/** A name that somebody chose for themselves: it must not turn the direction of the text around it. */
export function isolated(name: string): Html {
  return html`<bdi>${name}</bdi>`
}

export function avatar(user: User, lang: Lang, size: '' | 'large' = ''): Html {
  // A picture's address comes from outside: no other scheme may get into the page.
  const picture = /^https?:\/\//.test(user.picture ?? '') ? user.picture : undefined
  const [initial = ''] = nameOf(user, lang)
  return html`<span class="avatar ${size}" aria-hidden="true"
    >${
      picture === undefined
        ? initial.toUpperCase()
        : html`<img src="${picture}" alt="" referrerpolicy="no-referrer" />`
    }</span
  >`
}

/** A form, not a link: a request that changes something must not be one that a page elsewhere can make by an image. */
export function logOutForm(lang: Lang): Html {
  return html`<form method="post" action="/logout">
    <button class="button" data-testid="logout">${texts[lang].logOut}</button>
  </form>`
}
