import { param, type Call } from '../http/call.js'
import { page } from '../http/families.js'
import { field, parseForm } from '../http/form.js'
import { langOf, pageReply } from '../http/page-reply.js'
import type { Reply } from '../http/reply.js'
import type { Route } from '../http/router.js'
import { phonePage } from '../pages/index.js'
import type { QrTicket } from '../world/qr-tickets.js'
import type { World } from '../world/world.js'
import { deadLink, pageApp, pageUsers, refusePageMethod } from './page-parts.js'
import { phoneOwner, rememberOwner } from './phone-owner.js'

const confirmPath = '/connect/confirm'

function unknownCode(call: Call): Reply {
  return deadLink(
    call,
    '没有这个二维码，请回到网页重新扫描。',
    'This QR code does not exist. Go back to the website and scan again.',
  )
}

function show(world: World, call: Call, ticket: QrTicket, selectedUser: string): Reply {
  const { status } = world.qrTickets.progress(ticket.uuid)
  return pageReply(
    phonePage({
      lang: langOf(call),
      app: pageApp(world.apps.get(ticket.appId)),
      uuid: ticket.uuid,
      users: pageUsers(world),
      selectedUser,
      action: confirmPath,
      // HEAD does not scan the code, so it may still be waiting. The response has no body anyway.
      status: status === 'waiting' ? 'scanned' : status,
    }),
  )
}

function scan(world: World, call: Call): Reply {
  const ticket = world.qrTickets.find(param(call, 'uuid'))
  if (!ticket) return unknownCode(call)
  if (call.method === 'GET') world.qrTickets.scan(ticket.uuid)
  return show(world, call, ticket, phoneOwner(world, call).id)
}

function decide(world: World, call: Call): Reply {
  const fields = parseForm(call)
  const ticket = world.qrTickets.find(field(fields, 'uuid'))
  if (!ticket) return unknownCode(call)
  const { uuid, appId, scope } = ticket
  const user = world.users.find(field(fields, 'user'))
  if (!user) return deadLink(call, '没有这个用户。', 'This user does not exist.')
  switch (field(fields, 'decision')) {
    case 'confirm':
      world.qrTickets.confirm(
        uuid,
        world.codes.issue({ kind: 'oauth', appId, userId: user.id, scope, snapshot: false }),
      )
      break
    case 'cancel':
      world.qrTickets.cancel(uuid)
      break
    default:
      return deadLink(call, '没有这个选项。', 'This decision does not exist.')
  }
  const reply = show(world, call, ticket, user.id)
  return { ...reply, headers: { ...reply.headers, ...rememberOwner(user) } }
}

/** The page that the phone shows after scanning a code. */
export function confirmRoutes(world: World): Route[] {
  return [
    {
      methods: ['GET', 'POST'],
      path: confirmPath,
      family: page,
      handle: (call) => (call.method === 'POST' ? decide(world, call) : scan(world, call)),
      refuseMethod: refusePageMethod,
    },
  ]
}
