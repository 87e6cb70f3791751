// Runs a session store on Redis in its own process.
import { performance } from 'node:perf_hooks'
import { RedisSessionStore } from '@wechat-auth/store-redis'
import { WechatOAuth } from '@wechat-auth/wechat-oauth'
import { MemoryUserStore, WechatSessions } from '@wechat-auth/wechat-session'
import { createClient } from 'redis'
import { answer } from '../lib/answer.js'

const [url] = process.argv.slice(2)
const sku = 'shop'
const oauth = new WechatOAuth({ appId: 'wx0000000000000000', appSecret: 'not used' })

// The store creates the sessions that are used. The others are copies of one session's keys with other names, because that takes only seconds for a million.
const made = 1000
const copy = `
  for _, key in ipairs(KEYS) do
    local value, lifetime = redis.call('DUMP', key), redis.call('PTTL', key)
    for index = ARGV[1], ARGV[2] do redis.call('RESTORE', key .. ':' .. index, lifetime, value) end
  end`
const atATime = 10_000

/** Measures each in microseconds, one after another. */
async function time(times, act) {
  const took = []
  for (let index = 0; index < times; index += 1) {
    const started = performance.now()
    await act(index)
    took.push((performance.now() - started) * 1000)
  }
  return took
}

/** The sessions in one database of the server. */
async function open(database) {
  const client = createClient({ url, database })
  client.on('error', () => undefined)
  await client.connect()
  const sessions = new WechatSessions({
    oauth,
    sessionStore: new RedisSessionStore({ client }),
    userStore: new MemoryUserStore(),
    sku,
  })
  const tokens = []
  /** The users who have logged in since and have not logged out. */
  const visitors = []
  let users = 0
  let copies = 0
  let original

  const nextUser = () => {
    users += 1
    return `o${String(users).padStart(27, '0')}`
  }
  const issue = async (openid) => (await sessions.issueTokenFor(openid, { openid })).token

  return {
    /** Adds sessions until there are so many. */
    fill: async (count) => {
      while (tokens.length < made) {
        tokens.push(await issue(nextUser()))
        original ??= await client.keys('*')
      }
      while (made + copies < count) {
        const until = Math.min(copies + atATime, count - made)
        await client.eval(copy, { keys: original, arguments: [String(copies + 1), String(until)] })
        copies = until
      }
    },
    check: (times) =>
      time(times, async (index) => {
        if (!(await sessions.isTokenValid(tokens[(index * 7) % made]))) throw new Error('The session is gone')
      }),
    logIn: (times) =>
      time(times, async () => {
        const user = nextUser()
        await issue(user)
        visitors.push(user)
      }),
    /** Logs out everywhere all users who have logged in. */
    logOut: () => time(visitors.length, () => sessions.revokeUser(visitors.pop())),
    /** What mpauthx does at each login: it searches the keys of a user and a sku. */
    scan: (times) => time(times, () => client.keys(`o${'0'.repeat(27)}|${sku}|*`)),
  }
}

const opened = { growing: await open(0), few: await open(1) }

function act(command) {
  return ({ of, amount }) => opened[of][command](amount)
}

answer({
  fill: act('fill'),
  check: act('check'),
  logIn: act('logIn'),
  logOut: act('logOut'),
  scan: act('scan'),
})
