import { daySeconds } from '../lib/durations.js'
import { isWellFormed } from '../lib/well-formed.js'

const longestLife = 30 * daySeconds
const longestSceneText = 64

const actions = {
  QR_SCENE: { largestId: 2 ** 32 - 1, isPermanent: false },
  QR_STR_SCENE: { largestId: undefined, isPermanent: false },
  QR_LIMIT_SCENE: { largestId: 100_000, isPermanent: true },
  QR_LIMIT_STR_SCENE: { largestId: undefined, isPermanent: true },
} as const

/**
 * Makes the body of `/cgi-bin/qrcode/create` from the fields of `data` that WeChat knows.
 *
 * @throws TypeError that names the field which exceeds WeChat's limits
 */
export function qrCodeRequest(data: unknown): { body: Record<string, unknown>; isPermanent: boolean } {
  const given = (data ?? {}) as {
    action_name?: unknown
    action_info?: { scene?: unknown } | null
    expire_seconds?: unknown
  }
  const { action_name: name } = given
  if (typeof name !== 'string' || !Object.hasOwn(actions, name))
    throw new TypeError(`action_name must be one of ${Object.keys(actions).join(', ')}`)
  const { largestId, isPermanent } = actions[name as keyof typeof actions]
  const scene = (given.action_info?.scene ?? {}) as { scene_id?: unknown; scene_str?: unknown }
  const body = {
    action_name: name,
    action_info: {
      scene:
        largestId === undefined
          ? { scene_str: sceneText(scene.scene_str) }
          : { scene_id: sceneId(scene.scene_id, largestId) },
    },
  }
  // A permanent code has no lifetime.
  const seconds = given.expire_seconds
  if (isPermanent || seconds === undefined) return { body, isPermanent }
  if (!isBetween(seconds, 1, longestLife))
    throw new TypeError(`expire_seconds must be a whole number from 1 to ${longestLife}`)
  return { body: { expire_seconds: seconds, ...body }, isPermanent }
}

function sceneId(id: unknown, largest: number): number {
  if (!isBetween(id, 1, largest)) throw new TypeError(`scene_id must be a whole number from 1 to ${largest}`)
  return id
}

function sceneText(text: unknown): string {
  if (typeof text !== 'string' || text === '' || text.length > longestSceneText || !isWellFormed(text)) {
    throw new TypeError(`scene_str must be a string of 1 to ${longestSceneText} characters`)
  }
  return text
}

function isBetween(value: unknown, least: number, most: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most
}
