import { once } from 'node:events'
import { copyFile, writeFile } from 'node:fs/promises'
import { get, type IncomingMessage } from 'node:http'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { startProgram, type RunningProgram } from '../helpers/running-program.js'
import { containerFolder, readImages, readServices } from '../integration/examples/containers.js'
import { freePort } from '../services/free-port.js'

/** Starts an application of a project, on a free port. */
export async function startApplication(
  folder: string,
  file: string,
  env: Record<string, string> = {},
): Promise<RunningProgram> {
  return startProgram([process.execPath, file], {
    cwd: folder,
    env: { ...env, PORT: String(await freePort()) },
    ready: /^Open (http:\S+)\n/m,
  })
}

/**
 * Starts what the images of `examples/container` start, in a project in which the packages are installed.
 *
 * @returns the application, and the address at which another machine would reach the sandbox
 */
export async function startContainers(
  folder: string,
): Promise<{ app: RunningProgram; wechat: string; stop: () => Promise<void> }> {
  const images = readImages()
  const [bin = '', ...args] = images.get('wechat')?.command ?? []
  const [node, file = ''] = images.get('app')?.command ?? []
  if (node !== 'node') throw new Error('the application is not started with node')
  const sandbox = await startProgram([join(folder, 'node_modules/.bin', bin), ...args, '--port', '0'], {
    cwd: folder,
    ready: /at (http:\S+)\n/,
  })
  try {
    const { port } = new URL(sandbox.url)
    const address = ownAddress()
    // In Docker, the name server of the network knows this name.
    await writeFile(
      join(folder, 'names.mjs'),
      `import dns from 'node:dns'
      const { lookup } = dns
      dns.lookup = (name, ...rest) => lookup(name === 'wechat' ? '${address}' : name, ...rest)`,
    )
    await copyFile(join(containerFolder, file), join(folder, file))
    const environment = Object.entries(readServices().app.environment ?? {})
    const app = await startApplication(folder, file, {
      ...Object.fromEntries(environment.map(([name, value]) => [name, value.replace(':4700', `:${port}`)])),
      NODE_OPTIONS: '--import ./names.mjs',
    })
    return {
      app,
      wechat: `http://${address}:${port}`,
      stop: async () => {
        await app.stop()
        await sandbox.stop()
      },
    }
  } catch (error) {
    await sandbox.stop()
    throw error
  }
}

/** An address of this machine: if it has a network, one at which a server on loopback does not answer. */
function ownAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  return all.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1'
}

/** Asks the controls of the sandbox, and returns the status of the answer. `fetch` could not set the `Host`. */
export async function statusOf(url: string, headers: Record<string, string>): Promise<number | undefined> {
  const request = get(url, { headers: { 'content-type': 'application/json', ...headers }, agent: false })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  response.resume()
  await once(response, 'end')
  return response.statusCode
}
