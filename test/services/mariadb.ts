import { cp, realpath, writeFile } from 'node:fs/promises'
import { createHash } from 'node:crypto'
import { dirname, join, sep } from 'node:path'
import type { Context } from 'mocha'
import { createConnection } from 'mysql2/promise'
import { run } from '../helpers/run.js'
import { cachedFolder } from './cache.js'
import { unpackedDebianPackages, unpackedProgram } from './debian.js'
import { announce, climb, orSkip, share, type Rung } from './ladder.js'
import { LocalProgram } from './local-program.js'
import { findProgram, type Program } from './program.js'
import { Server, type Service } from './server.js'

export interface MariadbOptions {
  /** More options of the server, e.g. `['--max-connections=20']`. */
  args?: readonly string[]
}

const advice = 'install mariadb-server, or set MYSQL_URL to a running server'
const programs = ['mariadbd', 'mysqld']
const installers = ['mariadb-install-db', 'mysql_install_db']
const packages = [['mariadb-server-core', 'mariadb-client-core'], ['mariadb-server']]
const database = 'test'

/** The server of `MYSQL_URL`, or a MariaDB that all tests of this process share. Each test must use its own table names. */
export async function sharedMariadb(context: Context): Promise<Service> {
  return orSkip(context, () =>
    share('mariadb', async () => {
      const { MYSQL_URL } = process.env
      if (!MYSQL_URL) return start({})
      const service = { url: MYSQL_URL, version: await readVersion(MYSQL_URL), source: 'MYSQL_URL' }
      announce('MySQL', service.source, service.version)
      return service
    }),
  )
}

/**
 * Starts a MariaDB for one test, which may kill it and must stop it. Acknowledged writes are on the disk. The user is root,
 * without a password; the database `test` is empty.
 */
export async function startMariadb(context: Context, options: MariadbOptions = {}): Promise<Server> {
  return orSkip(context, () => start(options))
}

interface Installation {
  program: Program
  installer: Program
  /** The folder that contains the server's `share`. */
  base: string
  source: string
}

const rungs: readonly Rung<Installation>[] = [
  { name: 'PATH', get: installedPrograms },
  { name: 'packages', get: packagedPrograms },
]

/** Downloads the server if it is missing, and creates its initial data. Returns its source. */
export async function prepareMariadb(): Promise<string> {
  if (process.env.MYSQL_URL) return 'MYSQL_URL'
  const { program, installer, base, source } = await climb('MariaDB', rungs, advice)
  await freshData(program, installer, commonOptions(base))
  return source
}

async function start(options: MariadbOptions): Promise<Server> {
  const launcher = await launch(await climb('MariaDB', rungs, advice), options)
  const server = await new Server(
    launcher,
    (port) => `mysql://root@127.0.0.1:${port}/${database}`,
    readVersion,
  ).start()
  announce('MariaDB', server.source, server.version)
  return server
}

async function installedPrograms(): Promise<Installation | string> {
  const path = await findProgram(programs)
  if (path === undefined) return 'mariadbd was not found'
  if (!(await run(path, ['--version'])).stdout.includes('MariaDB')) return `${path} is not MariaDB`
  const installer = await findProgram(installers)
  if (installer === undefined) return 'mariadb-install-db was not found'
  const base = dirname(dirname(await realpath(path)))
  return { program: { path, env: {} }, installer: { path: installer, env: {} }, base, source: path }
}

async function packagedPrograms(): Promise<Installation | string> {
  const folder = await unpackedDebianPackages('mariadb', packages)
  if (typeof folder !== 'string') return folder.missing
  const program = await unpackedProgram(folder, programs)
  const installer = await unpackedProgram(folder, installers)
  if (!program || !installer) return 'the packages lack mariadbd or mariadb-install-db'
  return {
    program,
    installer,
    base: join(folder, 'usr'),
    source: "mariadb-server-core of this system's packages, unpacked for the tests",
  }
}

async function launch(
  { program, installer, base, source }: Installation,
  { args = [] }: MariadbOptions,
): Promise<LocalProgram> {
  const common = commonOptions(base)
  return LocalProgram.create({
    program,
    source,
    prepare: async (folder) => {
      await cp(await freshData(program, installer, common), join(folder, 'data'), { recursive: true })
      await writeFile(join(folder, 'init.sql'), `CREATE DATABASE IF NOT EXISTS ${database};\n`)
    },
    args: (port, folder) => [
      ...common,
      `--datadir=${join(folder, 'data')}`,
      `--socket=${join(folder, 's')}`,
      `--pid-file=${join(folder, 'server.pid')}`,
      `--init-file=${join(folder, 'init.sql')}`,
      `--port=${port}`,
      '--bind-address=127.0.0.1',
      '--skip-name-resolve',
      ...args,
    ],
  })
}

function commonOptions(base: string): string[] {
  return [
    '--no-defaults',
    `--basedir=${base}`,
    ...(process.getuid?.() === 0 ? ['--user=root'] : []),
    '--innodb-log-file-size=10M',
  ]
}

/** The files of an unused server. It takes seconds to create them, but not to copy them. */
async function freshData(program: Program, installer: Program, common: readonly string[]): Promise<string> {
  const { stdout } = await run(program.path, ['--version'], { env: program.env })
  const version = createHash('sha256').update(stdout).digest('hex').slice(0, 12)
  const folder = await cachedFolder(`mariadb-data-${version}`, async (draft) => {
    const { code, stdout, stderr } = await run(
      installer.path,
      [
        ...common,
        `--datadir=${draft}${sep}data`,
        '--auth-root-authentication-method=normal',
        '--skip-name-resolve',
        // In a container the host's name may not resolve, and the tests do not need it.
        '--force',
      ],
      { env: installer.env },
    )
    if (code !== 0)
      throw new Error(`${installer.path} exited with ${String(code)}: ${stdout.trim()} ${stderr.trim()}`)
  })
  return join(folder, 'data')
}

async function readVersion(url: string): Promise<string> {
  const connection = await createConnection({ uri: url, connectTimeout: 5000 })
  try {
    const [rows] = await connection.query('SELECT VERSION() AS version')
    return (rows as { version: string }[])[0]!.version
  } finally {
    connection.destroy()
  }
}
