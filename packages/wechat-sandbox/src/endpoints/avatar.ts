import { createHash } from 'node:crypto'
import type { Reply } from '../http/reply.js'
import type { Route } from '../http/router.js'
import { page } from '../http/families.js'
import type { World } from '../world/world.js'
import { deadLink, refusePageMethod } from './page-parts.js'

const avatarPrefix = '/__sandbox/avatar/'

/** Returns the path of the picture that the sandbox draws for a user, so that pictures need no internet. */
export function avatarPath(userId: string): string {
  return `${avatarPrefix}${encodeURIComponent(userId)}.svg`
}

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

function picture(userId: string, nickname: string): string {
  const hue = createHash('sha256').update(userId).digest().readUInt16BE(0) % 360
  const [letter] = [...new Intl.Segmenter('zh').segment(nickname)].slice(-1)
  const text = (letter?.segment ?? '').replace(/[&<>"]/g, (character) => escapes[character] ?? '')
  return (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 132 132" width="132" height="132">' +
    `<rect width="132" height="132" fill="hsl(${hue} 45% 45%)"/>` +
    `<text x="66" y="70" font-family="sans-serif" font-size="64" fill="#fff" text-anchor="middle" dominant-baseline="middle">${text}</text></svg>`
  )
}

function draw(world: World, path: string): Reply | undefined {
  const user = world.users.list.find(({ id }) => avatarPath(id) === path)
  return (
    user && {
      status: 200,
      headers: {
        'Content-Type': 'image/svg+xml; charset=utf-8',
        'Content-Security-Policy': "default-src 'none'",
        'X-Content-Type-Options': 'nosniff',
        'Cross-Origin-Resource-Policy': 'cross-origin',
      },
      body: picture(user.id, user.nickname),
    }
  )
}

/** The pictures of the users. */
export function avatarRoutes(world: World): Route[] {
  return [
    {
      methods: ['GET'],
      path: `${avatarPrefix}*`,
      family: page,
      handle: (call) =>
        draw(world, call.path) ?? deadLink(call, '没有这个用户。', 'This user does not exist.'),
      refuseMethod: refusePageMethod,
    },
  ]
}
