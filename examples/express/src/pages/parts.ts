import type { User } from '../users.js'
import type { Lang } from '../language.js'
import { html, type Html } from './html.js'
import { texts } from './texts.js'

/** The name to show for a user. WeChat does not give every app a name. */
export function nameOf(user: User, lang: Lang): string {
  return user.name || texts[lang].nameless
}

/** Isolates a name that a user chose, so that it cannot change the direction of the text around it. */
export function isolated(name: string): Html {
  return html`<bdi>${name}</bdi>`
}

export function avatar(user: User, lang: Lang, size: '' | 'large' = ''): Html {
  // The picture's address comes from outside, so other schemes are not allowed into the page.
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

/** A form instead of a link, because another site's image could request a link. */
export function logOutForm(lang: Lang): Html {
  return html`<form method="post" action="/logout">
    <button class="button" data-testid="logout">${texts[lang].logOut}</button>
  </form>`
}
