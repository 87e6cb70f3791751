import type { RedisConnection } from '@wechat-auth/store-redis'
import * as redis6 from 'redis'
import * as redis5 from 'redis-5'

/** The members of a client or cluster of either version that the tests use. */
export interface RedisClient extends RedisConnection {
  readonly isOpen: boolean
  on(event: 'error', listener: () => void): unknown
  eventNames(): (string | symbol)[]
  listenerCount(name: string | symbol): number
  connect(): Promise<unknown>
  destroy(): unknown
  get(key: string): Promise<unknown>
  set(key: string, value: string): Promise<unknown>
  ttl(key: string): Promise<unknown>
  /** A cluster does not have it. */
  sendCommand(words: string[]): Promise<unknown>
}

export interface ClientOptions {
  url?: string
  RESP?: 2 | 3
  commandOptions?: { typeMapping: Record<number, unknown> }
  clientSideCache?: { ttl: number; maxEntries: number; evictPolicy: 'LRU' }
  disableOfflineQueue?: boolean
  socket?: { reconnectStrategy: false }
}

interface Driver {
  RESP_TYPES: { BLOB_STRING: number; SIMPLE_STRING: number }
  createClient(options: ClientOptions): RedisClient
  createCluster(options: { RESP: 2 | 3; rootNodes: { url: string }[] }): Omit<RedisClient, 'sendCommand'>
}

/** The supported versions of node-redis. */
export const drivers = { 'node-redis 5': redis5, 'node-redis 6': redis6 } satisfies Record<string, Driver>

export type DriverName = keyof typeof drivers
export const driverNames = Object.keys(drivers) as DriverName[]

/** The addresses of a server or of the nodes of a cluster. */
export interface RedisAddress {
  driver: DriverName
  urls: readonly string[]
  resp?: 2 | 3
}

/** Opens a connection as an application does. The caller destroys it. */
export async function connect(
  { driver, urls, resp = 3 }: RedisAddress,
  options: ClientOptions = {},
): Promise<RedisClient> {
  const redis: Driver = drivers[driver]
  const [url] = urls
  const client =
    url !== undefined && urls.length === 1
      ? redis.createClient({ url, RESP: resp, ...options })
      : (redis.createCluster({ rootNodes: urls.map((node) => ({ url: node })), RESP: resp }) as RedisClient)
  // Without a listener, a lost connection would end the process.
  client.on('error', () => undefined)
  await client.connect()
  return client
}

/** Counts the commands that the server of `client` receives from all clients while `task` runs. */
export async function commandsDuring(
  client: RedisClient,
  task: () => Promise<unknown>,
): Promise<Record<string, number>> {
  await client.sendCommand(['CONFIG', 'RESETSTAT'])
  await task()
  const stats = String(await client.sendCommand(['INFO', 'commandstats']))
  const counts = [...stats.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)].map(
    ([, name, calls]): [string, number] => [name!, Number(calls)],
  )
  return Object.fromEntries(counts.filter(([name]) => name !== 'config|resetstat'))
}
