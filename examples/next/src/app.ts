import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { closed, listening } from '../../shared/demo.js'
import type { ExampleOptions, RunningExample } from '../../shared/framework.js'

/** Starts `next dev` with the settings of the application in its environment. */
export async function startApp({ apps, endpoints, port = 0 }: ExampleOptions): Promise<RunningExample> {
  const chosen = await findPort(port)
  const url = `http://127.0.0.1:${chosen}`
  const command = createRequire(import.meta.url).resolve('next/dist/bin/next')
  const server = spawn(
    process.execPath,
    [...process.execArgv, command, 'dev', '--hostname', '127.0.0.1', '--port', String(chosen)],
    {
      cwd: fileURLToPath(new URL('..', import.meta.url)),
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        ...process.env,
        WECHAT_APPS: JSON.stringify(apps),
        ...(endpoints !== undefined && { WECHAT_ENDPOINTS: endpoints }),
        SITE_URL: url,
        SECRET: randomBytes(32).toString('hex'),
        NEXT_TELEMETRY_DISABLED: '1',
        // The lockfile of the repository is not that of this example.
        NEXT_IGNORE_INCORRECT_LOCKFILE: '1',
      },
    },
  )
  const ended = once(server, 'close')
  await isReady(server.stdout.setEncoding('utf8'))
  return {
    url,
    close: async () => {
      server.kill()
      await ended
    },
  }
}

/** Returns the port, if it is free, or any free one for 0. */
async function findPort(port: number): Promise<number> {
  const server = await listening(createServer(), port, '127.0.0.1')
  const address = server.address() as AddressInfo
  await closed(server)
  return address.port
}

async function isReady(output: Readable): Promise<void> {
  let printed = ''
  for await (const text of output.iterator({ destroyOnReturn: false })) {
    printed += String(text)
    if (printed.includes('Ready in')) return void output.resume()
  }
  throw new Error(`next dev did not start: ${printed}`)
}
