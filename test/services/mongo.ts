import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Context } from 'mocha'
import { mongo } from 'mongoose'
import { announce, climb, orSkip, share } from './ladder.js'
import { LocalProgram } from './local-program.js'
import { findProgram } from './program.js'
import { Server, type Launcher, type Service } from './server.js'

/** MongoDB, or a stand-in that speaks its protocol and lacks some features. */
export interface MongoService extends Service {
  /**
   * `false` for the stand-in, which lacks projections, TTL expiry, `keyPattern` in E11000, the commands `create`, `drop` and
   * `list`, and authentication, and loses all data when it is killed.
   */
  readonly isRealMongo: boolean
}

const advice = 'install mongod or mongodb-memory-server, or set MONGO_URL to a running server'
const standIn = '@jongodb/memory-server-bin-linux-x64-gnu'
const require = createRequire(import.meta.url)

/** The server of `MONGO_URL`, or one that all tests of this process share. Each test must use its own collection names. */
export async function sharedMongo(context: Context): Promise<MongoService> {
  return orSkip(context, () =>
    share('mongo', async () => {
      const { MONGO_URL } = process.env
      if (!MONGO_URL) return start()
      const service = {
        url: MONGO_URL,
        version: await readVersion(MONGO_URL),
        source: 'MONGO_URL',
        isRealMongo: true,
      }
      announce('MongoDB', service.source, service.version)
      return service
    }),
  )
}

/** Starts a server for one test, which may kill it and must stop it. */
export async function startMongo(context: Context): Promise<MongoServer> {
  return orSkip(context, start)
}

export class MongoServer extends Server implements MongoService {
  readonly isRealMongo: boolean

  constructor(launcher: Launcher, isRealMongo: boolean) {
    super(launcher, (port) => `mongodb://127.0.0.1:${port}/test`, readVersion)
    this.isRealMongo = isRealMongo
  }
}

async function start(): Promise<MongoServer> {
  const create = await climb<() => Promise<MongoServer>>(
    'MongoDB',
    [
      {
        name: 'PATH',
        get: async () => {
          const path = await findProgram(['mongod'])
          return path === undefined ? 'mongod was not found' : () => mongod(path, path)
        },
      },
      {
        name: 'mongodb-memory-server',
        get: async () => {
          const path = await downloadedMongod()
          return typeof path === 'string' ? () => mongod(path, 'mongodb-memory-server') : path.missing
        },
      },
      {
        name: 'stand-in',
        get: async () =>
          Promise.resolve(
            resolved(`${standIn}/package.json`) === undefined ? `${standIn} is not installed` : launchStandIn,
          ),
      },
    ],
    advice,
  )
  const server = await (await create()).start()
  announce(server.isRealMongo ? 'MongoDB' : 'A stand-in for MongoDB', server.source, server.version)
  return server
}

async function mongod(path: string, source: string): Promise<MongoServer> {
  return new MongoServer(
    await LocalProgram.create({
      program: { path, env: {} },
      source,
      args: (port, folder) => [
        '--port',
        String(port),
        '--bind_ip',
        '127.0.0.1',
        '--dbpath',
        folder,
        '--nounixsocket',
      ],
    }),
    true,
  )
}

/** Finds the mongod that the package contains or downloads. */
async function downloadedMongod(): Promise<string | { missing: string }> {
  const name = resolved('mongodb-memory-server')
  if (name === undefined) return { missing: 'is not installed' }
  try {
    const { MongoBinary } = (await import(name)) as { MongoBinary: { getPath(): Promise<string> } }
    return await MongoBinary.getPath()
  } catch (error) {
    return { missing: error instanceof Error ? error.message : String(error) }
  }
}

async function launchStandIn(): Promise<MongoServer> {
  const manifest = resolved(`${standIn}/package.json`)!
  const { version } = JSON.parse(await readFile(manifest, 'utf8')) as { version: string }
  return new MongoServer(
    await LocalProgram.create({
      program: { path: join(dirname(manifest), 'bin/jongodb'), env: {} },
      source: `${standIn} ${version}`,
      args: (port) => ['--host=127.0.0.1', `--port=${port}`, '--database=test'],
    }),
    false,
  )
}

function resolved(name: string): string | undefined {
  try {
    return require.resolve(name)
  } catch {
    return undefined
  }
}

async function readVersion(url: string): Promise<string> {
  const client = new mongo.MongoClient(url, { serverSelectionTimeoutMS: 2000 })
  try {
    const { version } = (await client.db('admin').command({ buildInfo: 1 })) as { version?: string }
    return version ?? 'unknown version'
  } finally {
    await client.close()
  }
}
