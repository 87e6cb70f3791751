/** Options of one command. */
export interface CommandOptions {
  /** Removes the command from the queue if it has not been sent. */
  abortSignal: AbortSignal
  /** How the driver converts replies to values. */
  typeMapping: object
  /** The driver's own timeout in milliseconds; 0 for none. */
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
 * A client, pool, cluster or sentinel of node-redis 5 or 6. The type has only the method that the stores use, so it accepts
 * both versions with any modules, scripts and type mappings.
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
