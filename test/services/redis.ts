import type { Context } from 'mocha'
import { createClient } from 'redis'
import { setTimeout as sleep } from 'node:timers/promises'
import { unpackedDebianPackages, unpackedProgram } from './debian.js'
import { freePort } from './free-port.js'
import { announce, climb, orSkip, share, type Rung } from './ladder.js'
import { LocalProgram } from './local-program.js'
import { findProgram, type Program } from './program.js'
import { Server, type Service } from './server.js'

export interface RedisOptions {
  /** Whether acknowledged writes are on the disk, in an append-only file that is flushed before each answer. Default `false`. */
  durable?: boolean
  /** More options of the server, e.g. `['--maxmemory', '10mb']`. */
  args?: readonly string[]
}

export interface RedisCluster {
  readonly nodes: readonly Server[]
  readonly version: string
  readonly source: string
  /** Resolves when all nodes see each other as healthy, and still do after a while. After all were frozen, they take each other for dead for some seconds. */
  settled(): Promise<void>
  stop(): Promise<void>
}

const advice = 'install redis-server, or set REDIS_URL to a running server'
const slots = 16_384

/** The Redis of `REDIS_URL`, or one that all tests of this process share. Each test must use its own prefix. */
export async function sharedRedis(context: Context): Promise<Service> {
  return orSkip(context, () =>
    share('redis', async () => {
      const { REDIS_URL } = process.env
      if (!REDIS_URL) return start({})
      const service = { url: REDIS_URL, version: await readVersion(REDIS_URL), source: 'REDIS_URL' }
      announce('Redis', service.source, service.version)
      return service
    }),
  )
}

/** Starts a Redis for one test, which may kill it and must stop it. */
export async function startRedis(context: Context, options: RedisOptions = {}): Promise<Server> {
  return orSkip(context, () => start(options))
}

/** Starts three nodes on the loopback interface, each with a third of the slots. The test must stop them. */
export async function startRedisCluster(context: Context): Promise<RedisCluster> {
  return orSkip(context, async () => {
    const program = await climb('Redis Cluster', programRungs, 'install redis-server')
    const nodes: { server: Server; busPort: number }[] = []
    try {
      for (let count = 0; count < 3; count += 1) {
        const busPort = await freePort()
        const cluster = [
          '--cluster-enabled',
          'yes',
          '--cluster-port',
          String(busPort),
          '--cluster-node-timeout',
          '2000',
        ]
        const server = new Server(await launch(program, { args: cluster }), toUrl, readVersion)
        nodes.push({ server, busPort })
        await server.start()
      }
      await join(nodes)
    } catch (error) {
      await Promise.all(nodes.map(({ server }) => server.stop()))
      throw error
    }
    const servers = nodes.map(({ server }) => server)
    const { source, version } = servers[0]!
    announce('Redis Cluster', `3 nodes, ${source}`, version)
    return {
      nodes: servers,
      source,
      version,
      settled: () => settled(servers),
      stop: async () => {
        await Promise.all(servers.map((server) => server.stop()))
      },
    }
  })
}

/** Downloads the server if it is missing. Returns its source. */
export async function prepareRedis(): Promise<string> {
  return process.env.REDIS_URL ? 'REDIS_URL' : (await climb('Redis', programRungs, advice)).source
}

interface RedisProgram {
  program: Program
  source: string
}

const programRungs: readonly Rung<RedisProgram>[] = [
  {
    name: 'PATH',
    get: async () => {
      const path = await findProgram(['redis-server', 'valkey-server'])
      return path === undefined ? 'redis-server was not found' : { program: { path, env: {} }, source: path }
    },
  },
  {
    name: 'packages',
    get: async () => {
      const folder = await unpackedDebianPackages('redis', [['redis-server']])
      if (typeof folder !== 'string') return folder.missing
      const program = await unpackedProgram(folder, ['redis-server'])
      return program
        ? { program, source: "redis-server of this system's packages, unpacked for the tests" }
        : 'the package does not contain redis-server'
    },
  },
]

async function start(options: RedisOptions): Promise<Server> {
  const launcher = await launch(await climb('Redis', programRungs, advice), options)
  const server = await new Server(launcher, toUrl, readVersion).start()
  announce('Redis', server.source, server.version)
  return server
}

async function launch({ program, source }: RedisProgram, options: RedisOptions): Promise<LocalProgram> {
  return LocalProgram.create({
    program,
    source,
    args: (port, folder) => [
      '--port',
      String(port),
      '--bind',
      '127.0.0.1',
      '--dir',
      folder,
      ...storage(options),
    ],
  })
}

function storage({ durable = false, args = [] }: RedisOptions): string[] {
  return ['--save', '', '--appendonly', durable ? 'yes' : 'no', '--appendfsync', 'always', ...args]
}

function toUrl(port: number): string {
  return `redis://127.0.0.1:${port}`
}

/** Connects the nodes to each other, and waits until they agree on the owner of each slot. */
async function join(nodes: readonly { server: Server; busPort: number }[]): Promise<void> {
  const share = Math.ceil(slots / nodes.length)
  for (const [index, { server }] of nodes.entries()) {
    await command(server.url, [
      'CLUSTER',
      'ADDSLOTSRANGE',
      String(index * share),
      String(Math.min((index + 1) * share, slots) - 1),
    ])
    const first = nodes[0]!
    if (index > 0)
      await command(server.url, [
        'CLUSTER',
        'MEET',
        '127.0.0.1',
        String(first.server.port),
        String(first.busPort),
      ])
  }
  await settled(nodes.map(({ server }) => server))
}

async function settled(servers: readonly Server[]): Promise<void> {
  let times = 0
  while (times < 4) {
    const all = await Promise.all(servers.map((server) => findsAllWell(server, servers.length)))
    times = all.includes(false) ? 0 : times + 1
    await sleep(100)
  }
}

async function findsAllWell({ url }: Server, count: number): Promise<boolean> {
  const [info, nodes] = await Promise.all(
    [
      ['CLUSTER', 'INFO'],
      ['CLUSTER', 'NODES'],
    ].map(async (words) => String(await command(url, words))),
  )
  const links = nodes?.trim().split('\n') ?? []
  return (
    /cluster_state:ok/.test(info ?? '') &&
    links.length === count &&
    links.every((line) => !/fail|handshake|noaddr|disconnected/.test(line))
  )
}

async function readVersion(url: string): Promise<string> {
  const info = String(await command(url, ['INFO', 'server']))
  return /^(?:redis|valkey)_version:(\S+)/m.exec(info)?.[1] ?? 'unknown'
}

async function command(url: string, words: string[]): Promise<unknown> {
  const client = createClient({ url, socket: { reconnectStrategy: false, connectTimeout: 5000 } })
  client.on('error', () => {})
  await client.connect()
  try {
    return await client.sendCommand(words)
  } finally {
    client.destroy()
  }
}
