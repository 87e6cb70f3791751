import type { Call } from '../http/call.js'
import { page } from '../http/families.js'
import { field, formOf } from '../http/form.js'
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

/** What the consent form carries on from the query. */
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
        ? 'forceSnapShot=true: WeChat may show the snapshot page here; “as snapshot user” does what it does.'
        : 'forceSnapShot=true：微信可能在此显示快照页，“以快照用户”按钮的效果与之相同。',
    )
  }
  for (const warning of warnings) call.warn(warning)
  return warnings
}

/** Where nobody is asked: only the openid is wanted, or WeChat takes the user's consent for granted. */
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

function decided(world: World, call: Call, request: AuthorizeRequest, fields: Fields): Reply {
  const { redirectUri, state } = request
  const user = world.users.find(field(fields, 'user'))
  if (!user) return deadLink(call, '没有这个用户。', 'There is no such user.')
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
      return deadLink(call, '没有这个选项。', 'There is no such decision.')
  }
}

function decide(world: World, call: Call): Reply {
  const fields = formOf(call)
  // The form says which language the page was in, as the query did.
  const inItsLanguage: Call = {
    ...call,
    query: fields.has('lang') ? new URLSearchParams({ lang: field(fields, 'lang') }) : call.query,
  }
  const checked = checkAuthorizeRequest(world, fields, mpRules, langOf(inItsLanguage))
  return checked.ok
    ? decided(world, inItsLanguage, checked.request, fields)
    : errorPageReply(inItsLanguage, checked.error)
}

/** The page inside WeChat's browser: silent, or with the person's consent. */
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
