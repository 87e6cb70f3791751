/** The content of the pages. The endpoints fill these in, and the page modules turn them into HTML. */

export type PageLang = 'zh_CN' | 'en'

export interface PageApp {
  appId: string
  name: string
  type: 'mp' | 'website' | 'miniprogram'
}

export interface PageUser {
  id: string
  nickname: string
  headimgurl?: string
}

/** How a person can answer on the consent page; sent as the form field `decision`. */
export type ConsentDecision =
  | 'allow'
  /** the callback is requested twice with the same code, as WeChat's browser sometimes does */
  | 'allow-twice'
  | 'snapshot'
  /** `?state=…` without a code */
  | 'refuse-state-only'
  /** `?code=authdeny&state=…` */
  | 'refuse-authdeny'
  /** the page closes, and nothing is sent to the application */
  | 'refuse-close'

/** `/connect/oauth2/authorize`: a form (POST, urlencoded) to `action` with `fields` hidden, plus `user` and `decision`. */
export interface ConsentView {
  lang: PageLang
  app: PageApp
  scopes: string[]
  redirectUri: string
  users: PageUser[]
  selectedUser: string
  /** what WeChat might not accept, e.g. the order of the parameters */
  warnings: string[]
  action: string
  fields: Record<string, string>
}

/** After `refuse-close` and `allow-twice`. `twice` is the callback that the page must request two times. */
export interface AfterConsentView {
  lang: PageLang
  kind: 'closed' | 'twice'
  twice?: string
}

/** `/connect/qrconnect`: shows the QR code and follows WeChat's long poll at `pollUrl`. */
export interface QrView {
  lang: PageLang
  app: PageApp
  uuid: string
  /** image of the QR code */
  qrUrl: string
  /** content of the QR code: the phone page. Also shown as a link for people without a phone. */
  confirmUrl: string
  /** the long poll, without `last` and `_`. Its reply is `window.wx_errcode=…;window.wx_code='…';` */
  pollUrl: string
  redirectUri: string
  state: string
  /** `true`: redirect in this frame instead of the top window */
  selfRedirect: boolean
  style: 'black' | 'white'
  stylelite: boolean
  /** where to go after a cancellation. Today's WeChat stays on the page. */
  cancelUrl?: string
  /** a style sheet of the application, already checked to be http(s) or data:text/css */
  href?: string
  warnings: string[]
}

/** `/connect/confirm?uuid=`: the phone. A form (POST, urlencoded) to `action` with `uuid`, `user` and `decision` = `confirm` | `cancel`. */
export interface PhoneView {
  lang: PageLang
  app: PageApp
  uuid: string
  users: PageUser[]
  selectedUser: string
  action: string
  status: 'scanned' | 'confirmed' | 'cancelled' | 'expired'
}

/** `/__sandbox/miniprogram`: plays a mini-program against the developer's server. */
export interface MiniProgramView {
  lang: PageLang
  apps: PageApp[]
  users: PageUser[]
  /** JSON POST { appId, user } -> { code } */
  loginUrl: string
  /** JSON POST { appId, user } -> { encryptedData, iv, rawData, signature } */
  encryptUrl: string
  /** JSON POST { url, method, headers, body } -> { status, headers, body }; stands for wx.request, loopback servers only */
  requestUrl: string
  /** the developer's login route that the page proposes, from `?url=` */
  serverUrl: string
}

/** WeChat's error page: a number (where WeChat has one), its text, and what a developer should do about it. */
export interface ErrorView {
  lang: PageLang
  number?: number
  text: string
  hint?: string
}

/** `/`: what this is, which apps and users there are, where to go. */
export interface HomeView {
  lang: PageLang
  url: string
  apps: (PageApp & { appSecret: string })[]
  users: PageUser[]
  miniProgramUrl: string
}
