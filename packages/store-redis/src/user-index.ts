import { readText, type Redis } from './operations.js'

/** What was found in the index: a hash, and when it ends, as Redis spells it. */
export interface IndexEntry {
  hash: string
  end: string
}

/**
 * By the clock of the server, so that those of the processes need not agree. What is over leaves on this
 * occasion, and the index ends with the last of what is in it. What is not an index is replaced: else the
 * user could never log in.
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

/** The hashes of one user's sessions in a sorted set, by when they end. Each method is one script on one key, and so atomic. */
export class UserIndex {
  readonly #redis: Redis
  readonly #key: string
  readonly #slack: number

  /** @param slack - milliseconds for which a hash stays after its session, which may begin that much later */
  constructor(redis: Redis, key: string, slack: number) {
    this.#redis = redis
    this.#key = key
    this.#slack = slack
  }

  /** Says that there is to be a session, before there is. @param lifetime - milliseconds */
  async announce(hash: string, lifetime: number): Promise<void> {
    await this.#evaluate(add, hash, String(lifetime + this.#slack))
  }

  /** Says that there is one now. The entry is another afterwards than the announcement. */
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
