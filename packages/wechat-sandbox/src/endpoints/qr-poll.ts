import { performance } from 'node:perf_hooks'
import type { Call } from '../http/call.js'
import { param } from '../http/call.js'
import { poll, pollReply } from '../http/families.js'
import type { Reply } from '../http/reply.js'
import type { Route } from '../http/router.js'
import type { QrStatus } from '../world/qr-tickets.js'
import type { World } from '../world/world.js'

const ERRCODES: Record<QrStatus, number> = {
  waiting: 408,
  scanned: 404,
  cancelled: 403,
  expired: 402,
  confirmed: 405,
}

/** What the page knows already: nothing has happened, unless it says otherwise. */
const knownErrcode = (call: Call): number =>
  param(call, 'last') === '' ? ERRCODES.waiting : Number(param(call, 'last'))

/** Answers as soon as there is something that the page does not know, or when it has waited long enough. */
const wait = async (world: World, call: Call): Promise<Reply> => {
  const uuid = param(call, 'uuid')
  const known = knownErrcode(call)
  const end = performance.now() + world.settings.longPollTimeout
  let progress = world.qrTickets.progress(uuid)
  const isNews = (): boolean => ERRCODES[progress.status] !== known && progress.status !== 'waiting'
  const isFinal = (): boolean => progress.status === 'expired' || progress.status === 'confirmed'
  for (
    let left = end - performance.now();
    left > 0 && !isNews() && !isFinal() && !call.signal.aborted;
    left = end - performance.now()
  ) {
    await world.qrTickets.change(uuid, left, call.signal)
    progress = world.qrTickets.progress(uuid)
  }
  return pollReply(ERRCODES[progress.status], progress.code)
}

/** lp.open.weixin.qq.com: what the page on the desktop asks again and again. */
export const qrPollRoutes = (world: World): Route[] => [
  {
    methods: ['GET'],
    path: '/connect/l/qrconnect',
    family: poll,
    handle: (call) => wait(world, call),
    refuseMethod: () => pollReply(500, ''),
  },
]
