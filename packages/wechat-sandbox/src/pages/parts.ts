import { html, type Html } from './html.js'
import { texts } from './i18n.js'
import type { PageApp, PageLang, PageUser } from './views.js'

/** Dark enough for a white letter. */
const avatarColours = ['#2b5fb3', '#8a3fb0', '#b03a5b', '#a14a12', '#3d6b1f', '#0b6e6e', '#5a5a8c', '#7a5a00']

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

function initial(name: string): string {
  for (const { segment } of graphemes.segment(name.trim())) return segment.toUpperCase()
  return '?'
}

/** Isolates a name that a user chose, so that it cannot change the direction of the text around it. */
export function name(text: string): Html {
  return html`<bdi>${text}</bdi>`
}

export function appHead(app: PageApp, lang: PageLang): Html {
  return html`<div class="app">
    <span class="app-icon" aria-hidden="true">${initial(app.name)}</span>
    <div class="app-text">
      <p class="clamp" data-testid="app-name">${name(app.name)}</p>
      <p class="muted small">${texts[lang].appTypes[app.type]} · <code>${app.appId}</code></p>
    </div>
  </div>`
}

function avatar(user: PageUser): Html {
  let sum = 0
  for (const character of user.id) sum += character.codePointAt(0) ?? 0
  const colour = avatarColours[sum % avatarColours.length]
  const picture = user.headimgurl !== undefined && /^(https?:|data:image\/|\/)/i.test(user.headimgurl)
  return html`<span class="avatar" style="background:${colour}" aria-hidden="true"
    >${initial(user.nickname || user.id)}${
      picture && html`<img src="${user.headimgurl}" alt="" referrerpolicy="no-referrer" />`
    }</span
  >`
}

/** A row with a user's picture, name and id. */
export function userRow(user: PageUser): Html {
  return html`${avatar(user)}<span class="user-name"
      ><span class="clamp">${name(user.nickname || user.id)}</span>
      <span class="user-id clamp">${user.id}</span></span
    >`
}

/** A radio group for the form field `user`. */
export function userChoice(legend: string, users: PageUser[], selected: string, lang: PageLang): Html {
  const checked = users.find((user) => user.id === selected) ?? users[0]
  return html`<fieldset>
    <legend>${legend}</legend>
    <div class="users">
      ${users.length === 0 && html`<p class="user muted">${texts[lang].noUsers}</p>`}${users.map(
        (user) =>
          html` <label class="user"
            >${userRow(user)}
            <input
              type="radio"
              name="user"
              value="${user.id}"
              required
              data-testid="user-${user.id}"
              ${user === checked && html` checked`}
          /></label>`,
      )}
    </div>
  </fieldset>`
}

/** The hidden fields of a form, including the language, so that the next page has the language of this one. */
export function hiddenFields(fields: Record<string, string>, lang: PageLang): Html[] {
  return Object.entries({ lang, ...fields }).map(
    ([field, value]) => html`<input type="hidden" name="${field}" value="${value}" />`,
  )
}

/** A list of what WeChat might not accept. With `scripted`, an empty list is present but hidden, so that the page's script can add to it. */
export function warningBox(warnings: string[], lang: PageLang, scripted = false): Html | false {
  if (warnings.length === 0 && !scripted) return false
  return html`<section
    class="warnings"
    role="note"
    data-testid="warnings"
    ${warnings.length === 0 && html` hidden`}
  >
    <p><strong>${texts[lang].warnings}</strong></p>
    <ul>
      ${warnings.map((warning) => html`<li>${warning}</li>`)}
    </ul>
  </section>`
}

const marks = {
  good: html`<path d="M5 12.5l4.6 4.6L19 7.5" />`,
  bad: html`<path d="M7 7l10 10M17 7L7 17" />`,
  late: html`<circle cx="12" cy="12" r="8.5" /><path d="M12 7v5.2l3.3 2" />`,
}

/** A large icon for a result. */
export function mark(kind: keyof typeof marks): Html {
  return html`<span class="mark ${kind}" aria-hidden="true"
    ><svg viewBox="0 0 24 24">${marks[kind]}</svg></span
  >`
}
