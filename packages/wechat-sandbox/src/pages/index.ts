import { html } from './html.js'
import type { Html } from './html.js'
import type { AfterConsentView, ConsentView, ErrorView, HomeView, MiniProgramView, PageLang, PageUser, PhoneView, QrView } from './views.js'

function page(lang: PageLang, title: string, body: Html): string {
  return html`<!doctype html>
<html lang="${lang === 'en' ? 'en' : 'zh-CN'}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${title}</title></head><body><p>WeChat sandbox — not WeChat</p>${body}</body></html>`.text
}

const choice = (users: PageUser[], selected: string) => users.map((user) => html`<p><label>
<input type="radio" name="user" value="${user.id}" data-testid="user-${user.id}"${user.id === selected && html` checked`}>
${user.nickname}</label></p>`)

const decide = (...decisions: string[]) => decisions.map((decision) => html`<button name="decision" value="${decision}"
data-testid="decision-${decision}">${decision}</button>`)

export function consentPage(view: ConsentView): string {
  return page(view.lang, view.app.name, html`<form method="post" action="${view.action}">
${Object.entries(view.fields).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}
${choice(view.users, view.selectedUser)}
${decide('allow', 'allow-twice', 'snapshot', 'refuse-state-only', 'refuse-authdeny', 'refuse-close')}</form>`)
}

export function afterConsentPage(view: AfterConsentView): string {
  return page(view.lang, view.kind, html`<p>${view.kind}</p>`)
}

export function qrPage(view: QrView): string {
  return page(view.lang, view.app.name, html`<img class="qrcode lightBorder" src="${view.qrUrl}" alt="">
<a href="${view.confirmUrl}" target="_blank">${view.confirmUrl}</a>`)
}

export function phonePage(view: PhoneView): string {
  return page(view.lang, view.app.name, html`<p>${view.status}</p><form method="post" action="${view.action}">
<input type="hidden" name="uuid" value="${view.uuid}">${choice(view.users, view.selectedUser)}${decide('confirm', 'cancel')}</form>`)
}

export function miniProgramPage(view: MiniProgramView): string {
  return page(view.lang, 'mini-program', html`<p>${view.serverUrl}</p>`)
}

export function errorPage(view: ErrorView): string {
  return page(view.lang, view.text, html`<h1>${view.number}</h1><p>${view.text}</p><p>${view.hint}</p>`)
}

export function homePage(view: HomeView): string {
  return page(view.lang, 'WeChat sandbox', html`<p>${view.url}</p>${view.apps.map((app) => html`<p>${app.name} ${app.appId}</p>`)}`)
}
