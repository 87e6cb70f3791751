import { parseArgs } from 'node:util'
import { closeAtTheEnd, loadEnvFile, portOf } from '../../shared/demo.js'
import { startDemo, type Demo } from './start.js'
import { storeNames, type StoreName } from './token-store.js'

const help = `Log in with WeChat: an Express application, and a sandbox that plays WeChat.

Usage: npm run demo -- [options]

  --port <number>           port of the application (default 3000; 0: any free one)
  --sandbox-port <number>   port of the sandbox (default 3001; 0: any free one)
  --host <address>          where the application listens (default 127.0.0.1: only this machine can reach it)
  --store <name>            where tokens are kept: redis, mysql, mongo or sqlite, at the address in REDIS_URL, MYSQL_URL, MONGO_URL
                            or SQLITE_FILE (default: in memory)
  --help                    show this text

A taken port is replaced by a free one. To use the real WeChat, copy examples/express/.env.example to .env.
`

try {
  await main()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '3000' },
      'sandbox-port': { type: 'string', default: '3001' },
      host: { type: 'string', default: '127.0.0.1' },
      store: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(help)
    return
  }
  loadEnvFile(new URL('../.env', import.meta.url))
  const port = portOf('--port', values.port)
  const sandboxPort = portOf('--sandbox-port', values['sandbox-port'])
  const demo = await startDemo({
    port,
    sandboxPort,
    host: values.host,
    store: storeOf(values.store),
    env: process.env,
  })
  closeAtTheEnd(demo)
  announce(demo, { ...values, port, sandboxPort })
}

function storeOf(name: string | undefined): StoreName | undefined {
  if (name === undefined || storeNames.includes(name as StoreName)) return name as StoreName | undefined
  throw new Error(`--store must be one of ${storeNames.join(', ')}`)
}

function announce(
  { url, port, sandbox, storePlace }: Demo,
  wanted: { port: number; sandboxPort: number; host: string },
): void {
  const lines = ['', `  Open    ${url}`]
  if (wanted.port !== 0 && port !== wanted.port) lines.push(`          (port ${wanted.port} is taken)`)
  if (sandbox) {
    lines.push(`  WeChat  ${sandbox.url}, a sandbox: no account and no internet needed`)
    if (wanted.sandboxPort !== 0 && Number(new URL(sandbox.url).port) !== wanted.sandboxPort)
      lines.push(`          (port ${wanted.sandboxPort} is taken)`)
  } else {
    lines.push(
      '  WeChat  the real one, with the apps that the environment names',
      `          (listening at ${wanted.host}, port ${port})`,
    )
  }
  if (storePlace !== undefined) lines.push(`  Tokens  ${storePlace}`)
  lines.push('  Stop    Ctrl+C', '')
  console.log(lines.join('\n'))
}
