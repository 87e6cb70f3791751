import { param, type Call } from '../http/call.js'
import type { Reply } from '../http/reply.js'
import type { World } from '../world/world.js'
import { checkCaller, checkJson, dailyLimit, isFields, type Fields } from './app-checks.js'
import { accept, refuse, type Checked } from './checks.js'
import { qrPicture } from './qr-picture.js'

const maxSeconds = 2_592_000
const defaultSeconds = 60
const maxSceneLength = 64

function isWithin(max: number) {
  return (value: unknown): boolean => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= max
}

function isSceneText(value: unknown): boolean {
  return typeof value === 'string' && value !== '' && Array.from(value).length <= maxSceneLength
}

interface Action {
  field: 'scene_id' | 'scene_str'
  accepts: (scene: unknown) => boolean
  permanent: boolean
}

const actions = new Map<unknown, Action>([
  ['QR_SCENE', { field: 'scene_id', accepts: isWithin(4_294_967_295), permanent: false }],
  ['QR_STR_SCENE', { field: 'scene_str', accepts: isSceneText, permanent: false }],
  ['QR_LIMIT_SCENE', { field: 'scene_id', accepts: isWithin(100_000), permanent: true }],
  ['QR_LIMIT_STR_SCENE', { field: 'scene_str', accepts: isSceneText, permanent: true }],
])

interface SceneRequest {
  scene: number | string
  /** `undefined`: permanent */
  seconds: number | undefined
}

function checkSceneRequest({
  action_name: name,
  action_info: info,
  expire_seconds: seconds = defaultSeconds,
}: Fields): Checked<SceneRequest> {
  const action = actions.get(name)
  if (!action) return refuse(40052)
  const holder = isFields(info) ? info['scene'] : undefined
  if (!isFields(holder)) return refuse(40053)
  const scene = holder[action.field]
  if (!action.accepts(scene)) return refuse(40169)
  if (action.permanent) return accept({ scene: scene as SceneRequest['scene'], seconds: undefined })
  if (!isWithin(maxSeconds)(seconds)) return refuse(40097)
  return accept({ scene: scene as SceneRequest['scene'], seconds: Number(seconds) })
}

/** `POST /cgi-bin/qrcode/create` */
export function createQrCode(world: World, call: Call): Checked<Fields> {
  const app = checkCaller(world, call, 'mp')
  if (!app.ok) return app
  const body = checkJson(call)
  if (!body.ok) return body
  const request = checkSceneRequest(body.value)
  if (!request.ok) return request
  const { appId } = app.value
  if (!world.dayQuota.take(['qrcode', appId], dailyLimit(app.value, world.settings.qrCodesPerDay)))
    return refuse(45009)
  const { scene, seconds } = request.value
  if (seconds !== undefined) {
    const { ticket, url } = world.scenes.temporary(seconds)
    return accept({ ticket, expire_seconds: seconds, url })
  }
  const code = world.scenes.permanent(appId, scene, world.settings.permanentQrCodes)
  return code ? accept({ ticket: code.ticket, url: code.url }) : refuse(45029)
}

/** `GET /cgi-bin/showqrcode`. Needs only the ticket. */
export async function showQrCode(world: World, call: Call): Promise<Reply> {
  const code = world.scenes.find(param(call, 'ticket'))
  if (code) return qrPicture(code.url)
  return {
    status: 404,
    headers: { 'Content-Type': 'text/html; charset=utf-8', 'Cache-Control': 'no-store' },
    body: '',
  }
}
