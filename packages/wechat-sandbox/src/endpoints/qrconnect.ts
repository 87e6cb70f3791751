import { param, type Call } from '../http/call.js'
import { page } from '../http/families.js'
import { errorPageReply, langOf, pageReply } from '../http/page-reply.js'
import type { Reply } from '../http/reply.js'
import type { Route } from '../http/router.js'
import { qrPage } from '../pages/index.js'
import type { World } from '../world/world.js'
import { checkAuthorizeRequest, websiteRules } from './authorize-request.js'
import { deadLink, pageApp, refusePageMethod } from './page-parts.js'
import { qrPicture } from './qr-picture.js'
import { appendedState } from './redirect-uri.js'

const codePrefix = '/connect/qrcode/'

/** Applications show this page in a frame. */
const framePermissions = { framed: true, foreignStyles: true }

function confirmURL(call: Call, uuid: string): string {
  return `${call.origin}/connect/confirm?uuid=${uuid}`
}

/** Returns the application's style sheet if its URL is http, https or data:text/css, so that it cannot run a script. */
function styleSheet(href: string): string | undefined {
  if (/^data:text\/css[;,]/i.test(href)) return href
  return URL.canParse(href) && /^https?:$/.test(new URL(href).protocol) ? href : undefined
}

function xmlReply(uuid: string): Reply {
  return {
    status: 200,
    headers: { 'Content-Type': 'text/xml; charset=utf-8', 'Cache-Control': 'no-store' },
    body: `<?xml version="1.0" encoding="utf-8"?><xml><uuid><![CDATA[${uuid}]]></uuid></xml>`,
  }
}

function show(world: World, call: Call): Reply {
  const checked = checkAuthorizeRequest(world, call.query, websiteRules, langOf(call))
  if (!checked.ok) return errorPageReply(call, checked.error, framePermissions)
  const { app, scopes, rawRedirectUri, state } = checked.request
  const { uuid } = world.qrTickets.open(app.appId, scopes.join(','))
  if (param(call, 'f') === 'xml') return xmlReply(uuid)
  const stylelite = param(call, 'stylelite') === '1'
  const href = stylelite ? undefined : styleSheet(param(call, 'href'))
  return pageReply(
    qrPage({
      lang: langOf(call),
      app: pageApp(app),
      uuid,
      qrUrl: `${codePrefix}${uuid}`,
      confirmUrl: confirmURL(call, uuid),
      pollUrl: `/connect/l/qrconnect?uuid=${uuid}`,
      redirectUri: rawRedirectUri,
      state,
      selfRedirect: param(call, 'self_redirect') === 'true',
      style: param(call, 'style') === 'white' ? 'white' : 'black',
      stylelite,
      ...(href === undefined ? {} : { href }),
      ...(world.settings.qrCancelRedirects ? { cancelUrl: appendedState(rawRedirectUri, state) } : {}),
      warnings: [],
    }),
    framePermissions,
  )
}

async function image(world: World, call: Call): Promise<Reply> {
  const uuid = call.path.slice(codePrefix.length)
  if (world.qrTickets.progress(uuid).status === 'expired') {
    return deadLink(call, '二维码不存在或已过期。', 'This QR code does not exist or has expired.')
  }
  return qrPicture(confirmURL(call, uuid))
}

/** The QR page and its picture. */
export function qrconnectRoutes(world: World): Route[] {
  return [
    {
      methods: ['GET'],
      path: '/connect/qrconnect',
      family: page,
      handle: (call) => show(world, call),
      refuseMethod: refusePageMethod,
    },
    {
      methods: ['GET'],
      path: `${codePrefix}*`,
      family: page,
      handle: (call) => image(world, call),
      refuseMethod: refusePageMethod,
    },
  ]
}
