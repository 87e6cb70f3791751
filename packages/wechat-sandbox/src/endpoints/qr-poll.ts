import { performance } from 'node:perf_hooks'
import { param, type Call } from '../http/call.js'
import { poll, pollReply } from '../http/families.js'
import type { Reply } from '../http/reply.js'
import type { Route } from '../http/router.js'
import type { QrStatus } from '../world/qr-tickets.js'
import type { World } from '../world/world.js'

const errcodes: Record<QrStatus, number> = {
  waiting: 408,
  scanned: 404,
  cancelled: 403,
  expired: 402,
  confirmed: 405,
}

/** Returns the errcode that the page already has. Without `last`, the page is still waiting. */
function knownErrcode(call: Call): number {
  return param(call, 'last') === '' ? errcodes.waiting : Number(param(call, 'last'))
}

/** Replies as soon as the status differs from the one that the page has, or at the timeout. */
async function wait(world: World, call: Call): Promise<Reply> {
  const uuid = param(call, 'uuid')
  const known = knownErrcode(call)
  const end = performance.now() + world.settings.longPollTimeout
  let progress = world.qrTickets.progress(uuid)
  const isNews = (): boolean => errcodes[progress.status] !== known && progress.status !== 'waiting'
  const isFinal = (): boolean => progress.status === 'expired' || progress.status === 'confirmed'
  for (
    let left = end - performance.now();
    left > 0 && !isNews() && !isFinal() && !call.signal.aborted;
    left = end - performance.now()
  ) {
    await world.qrTickets.change(uuid, left, call.signal)
    progress = world.qrTickets.progress(uuid)
  }
  return pollReply(errcodes[progress.status], progress.code)
}

/** The long poll of the QR page, at WeChat on lp.open.weixin.qq.com. */
export function qrPollRoutes(world: World): Route[] {
  return [
    {
      methods: ['GET'],
      path: '/connect/l/qrconnect',
      family: poll,
      handle: (call) => wait(world, call),
      refuseMethod: () => pollReply(500, ''),
    },
  ]
}
