import { readText, type Redis } from './operations.js'

/** An entry of the index: a hash, and its end as Redis writes it. */
export interface IndexEntry {
  hash: string
  end: string
}

/**
 * Adds a hash. It uses the server's clock, so the clocks of the processes may differ. It also removes expired entries, and
 * the index expires with its last entry. It replaces a value of another type, because otherwise the user could never log in.
 */
const add = `
local time = redis.call('time')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local swept = redis.pcall('zremrangebyscore', KEYS[1], '-inf', string.format('%.0f', now))
if type(swept) == 'table' then
  if not string.find(swept.err, 'WRONGTYPE', 1, true) then return swept end
  redis.call('del', KEYS[1])
end
redis.call('zadd', KEYS[1], string.format('%.0f', now + ARGV[2]), ARGV[1])
redis.call('pexpireat', KEYS[1], redis.call('zrange', KEYS[1], -1, -1, 'withscores')[2])`

const read = `return redis.call('zrange', KEYS[1], 0, -1, 'withscores')`

const remove = `for i = 1, #ARGV do redis.call('zrem', KEYS[1], ARGV[i]) end`

/** The hashes of one user's sessions in a sorted set, by their end. Each method is one script on one key, so it is atomic. */
export class UserIndex {
  readonly #redis: Redis
  readonly #key: string
  readonly #slack: number

  /** @param slack - milliseconds for which a hash stays after the end of its session, because the session may start that much later */
  constructor(redis: Redis, key: string, slack: number) {
    this.#redis = redis
    this.#key = key
    this.#slack = slack
  }

  /** Adds a session before it exists. @param lifetime - in milliseconds */
  async announce(hash: string, lifetime: number): Promise<void> {
    await this.#evaluate(add, hash, String(lifetime + this.#slack))
  }

  /** Adds a session that exists now. The entry differs from that of `announce`. @param lifetime - in milliseconds */
  async confirm(hash: string, lifetime: number): Promise<void> {
    await this.#evaluate(add, hash, String(lifetime + this.#slack + 1))
  }

  async read(): Promise<IndexEntry[]> {
    const reply = (await this.#evaluate(read)) as unknown[]
    const entries = []
    for (let index = 0; index + 1 < reply.length; index += 2)
      entries.push({ hash: readText(reply[index]), end: readText(reply[index + 1]) })
    return entries
  }

  async remove(...hashes: string[]): Promise<void> {
    await this.#evaluate(remove, ...hashes)
  }

  #evaluate(script: string, ...values: string[]): Promise<unknown> {
    return this.#redis().eval(script, { keys: [this.#key], arguments: values })
  }
}
