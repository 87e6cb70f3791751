/** Options of one command. */
export interface CommandOptions {
  /** Takes the command out of the queue, as long as it was not sent. */
  abortSignal: AbortSignal
  /** How replies become values. */
  typeMapping: object
  /** The driver's own limit in milliseconds; 0 is none. */
  timeout: number
}

/** The commands that the stores send. */
export interface RedisCommands {
  get(key: string): Promise<unknown>
  set(key: string, value: string, options?: SetOptions): Promise<unknown>
  del(key: string): Promise<unknown>
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
}

export interface SetOptions {
  expiration?: { type: 'EX' | 'PX'; value: number }
  condition?: 'NX' | 'XX'
}

/**
 * What node-redis 5 and 6 make: a client, a pool, a cluster or a sentinel. Described by what is used of it, so that it may
 * come from either version and have whatever modules, scripts and type mappings.
 */
export interface RedisConnection {
  withCommandOptions(options: CommandOptions): RedisCommands
}

/** @throws TypeError */
export function checkClient(client: unknown): asserts client is RedisConnection {
  const { withCommandOptions } = (client ?? {}) as Partial<RedisConnection>
  if (typeof withCommandOptions !== 'function')
    throw new TypeError('client must be a client, pool, cluster or sentinel of node-redis 5 or 6')
}

/** @throws TypeError */
export function checkPrefix(prefix: unknown): asserts prefix is string {
  if (typeof prefix !== 'string') throw new TypeError('prefix must be a string')
}
