import type { Call } from '../http/call.js'
import { page } from '../http/families.js'
import { field, parseForm } from '../http/form.js'
import { errorPageReply, langOf, pageReply } from '../http/page-reply.js'
import type { Reply } from '../http/reply.js'
import type { Route } from '../http/router.js'
import { afterConsentPage, consentPage } from '../pages/index.js'
import type { ConsentDecision } from '../pages/views.js'
import type { User } from '../world/users.js'
import type { World } from '../world/world.js'
import { checkAuthorizeRequest, mpRules, type AuthorizeRequest } from './authorize-request.js'
import { deadLink, pageApp, pageUsers, redirectReply, refusePageMethod } from './page-parts.js'
import { isInOrder, orderWarning } from './parameter-order.js'
import { phoneOwner, rememberOwner } from './phone-owner.js'
import { callbackURL } from './redirect-uri.js'

const authorizePath = '/connect/oauth2/authorize'

/** The parameters that the consent form copies from the query. */
const carriedFields = [
  'appid',
  'redirect_uri',
  'response_type',
  'scope',
  'state',
  'forcePopup',
  'forceSnapShot',
  'lang',
]

type Fields = URLSearchParams

function issue(world: World, { app, scopes }: AuthorizeRequest, user: User, snapshot: boolean): string {
  return world.codes.issue({
    kind: 'oauth',
    appId: app.appId,
    userId: user.id,
    scope: scopes.join(','),
    snapshot,
  })
}

function warningsFor(world: World, call: Call): string[] {
  const warnings: string[] = []
  const lang = langOf(call)
  if (world.settings.parameterOrder === 'warn' && !isInOrder(call.query)) {
    warnings.push(orderWarning(lang))
  }
  if (field(call.query, 'forceSnapShot') === 'true') {
    warnings.push(
      lang === 'en'
        ? 'forceSnapShot=true: WeChat may show the snapshot page here. “Allow as a snapshot user” has the same effect.'
        : 'forceSnapShot=true：微信可能在此显示快照页，“以快照页用户身份允许”按钮的效果与之相同。',
    )
  }
  for (const warning of warnings) call.warn(warning)
  return warnings
}

/** Whether WeChat asks no consent: the app requests only the openid, or WeChat assumes the user's consent. */
function isSilent({ scopes }: AuthorizeRequest, user: User): boolean {
  return user.silent || scopes.every((scope) => scope === 'snsapi_base')
}

function ask(world: World, call: Call): Reply {
  const lang = langOf(call)
  const checked = checkAuthorizeRequest(world, call.query, mpRules, lang)
  if (!checked.ok) return errorPageReply(call, checked.error)
  if (world.settings.parameterOrder === 'refuse' && !isInOrder(call.query)) {
    return errorPageReply(call, { text: 'Scope 参数错误或没有 Scope 权限', hint: orderWarning(lang) })
  }
  const { request } = checked
  const warnings = warningsFor(world, call)
  const user = phoneOwner(world, call)
  if (isSilent(request, user)) {
    return redirectReply(
      302,
      callbackURL(request.redirectUri, { code: issue(world, request, user, false), state: request.state }),
    )
  }
  return pageReply(
    consentPage({
      lang,
      app: pageApp(request.app),
      scopes: request.scopes,
      redirectUri: request.rawRedirectUri,
      users: pageUsers(world),
      selectedUser: user.id,
      warnings,
      action: authorizePath,
      fields: Object.fromEntries(
        carriedFields.filter((name) => call.query.has(name)).map((name) => [name, field(call.query, name)]),
      ),
    }),
  )
}

function applyDecision(world: World, call: Call, request: AuthorizeRequest, fields: Fields): Reply {
  const { redirectUri, state } = request
  const user = world.users.find(field(fields, 'user'))
  if (!user) return deadLink(call, '没有这个用户。', 'This user does not exist.')
  const backWith = (answer: { code?: string; state: string }): Reply =>
    redirectReply(303, callbackURL(redirectUri, answer), rememberOwner(user))
  switch (field(fields, 'decision') as ConsentDecision) {
    case 'allow':
      return backWith({ code: issue(world, request, user, false), state })
    case 'snapshot':
      return backWith({ code: issue(world, request, user, true), state })
    case 'refuse-authdeny':
      return backWith({ code: 'authdeny', state })
    case 'refuse-state-only':
      return backWith({ state })
    case 'refuse-close':
      return pageReply(afterConsentPage({ lang: langOf(call), kind: 'closed' }))
    case 'allow-twice': {
      const twice = callbackURL(redirectUri, { code: issue(world, request, user, false), state })
      return pageReply(afterConsentPage({ lang: langOf(call), kind: 'twice', twice }), {
        connectAnywhere: true,
      })
    }
    default:
      return deadLink(call, '没有这个选项。', 'This decision does not exist.')
  }
}

function decide(world: World, call: Call): Reply {
  const fields = parseForm(call)
  // The form contains the language of the page.
  const localizedCall: Call = {
    ...call,
    query: fields.has('lang') ? new URLSearchParams({ lang: field(fields, 'lang') }) : call.query,
  }
  const checked = checkAuthorizeRequest(world, fields, mpRules, langOf(localizedCall))
  return checked.ok
    ? applyDecision(world, localizedCall, checked.request, fields)
    : errorPageReply(localizedCall, checked.error)
}

/** The authorize page of WeChat's browser. */
export function authorizeRoutes(world: World): Route[] {
  return [
    {
      methods: ['GET', 'POST'],
      path: authorizePath,
      family: page,
      handle: (call) => (call.method === 'POST' ? decide(world, call) : ask(world, call)),
      refuseMethod: refusePageMethod,
    },
  ]
}
