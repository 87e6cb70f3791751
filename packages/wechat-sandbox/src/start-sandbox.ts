import type { RequestListener } from 'node:http'
import { controlRoutes } from './control.js'
import { appLevelRoutes } from './endpoints/app-level.js'
import { authorizeRoutes } from './endpoints/authorize.js'
import { avatarPath, avatarRoutes } from './endpoints/avatar.js'
import { confirmRoutes } from './endpoints/confirm.js'
import { homeRoutes } from './endpoints/home.js'
import { jsSdkRoutes } from './endpoints/js-sdk.js'
import { miniProgramRoutes } from './endpoints/miniprogram.js'
import { qrPollRoutes } from './endpoints/qr-poll.js'
import { qrconnectRoutes } from './endpoints/qrconnect.js'
import { snsRoutes } from './endpoints/sns.js'
import { unknownUrl } from './endpoints/unknown-url.js'
import { Faults } from './faults.js'
import { dispatcher } from './http/dispatcher.js'
import { RequestLog } from './http/request-log.js'
import { Router, type Route } from './http/router.js'
import { startServer, type ConnectionCounts, type Listening, type TlsKeys } from './http/server.js'
import { Sandbox, type SandboxParts } from './sandbox.js'
import { presetApps, type SandboxApp } from './world/apps.js'
import { checkSettings, isSetting, type SandboxSettings } from './world/settings.js'
import { presetUsers, type SandboxUser } from './world/users.js'
import { World } from './world/world.js'

/** Options of {@link startSandbox}. */
export interface SandboxOptions extends Partial<SandboxSettings> {
  /** Port to listen on. Default 0: any free one. */
  port?: number | undefined
  /** Address to bind. Default `127.0.0.1`, which other computers cannot reach. */
  host?: string | undefined
  /** The registered apps. Default: an official account, a website and a mini-program that share an open-platform account. */
  apps?: readonly SandboxApp[] | undefined
  /** The people with WeChat accounts. Default: `alice`, `panda` and `bob`. */
  users?: readonly SandboxUser[] | undefined
  /** Also serves WeChat's host names over TLS, with a new certificate authority for this run. */
  tls?: { port: number } | undefined
}

const optionNames: readonly string[] = ['port', 'host', 'apps', 'users', 'tls']

function isPort(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 65_535
}

function checkOptions(options: SandboxOptions): void {
  const unknown = Object.keys(options).find((name) => !optionNames.includes(name) && !isSetting(name))
  if (unknown !== undefined) throw new TypeError(`startSandbox has no option ${JSON.stringify(unknown)}`)
  const { port = 0, host = '127.0.0.1', tls } = options
  if (!isPort(port)) throw new TypeError('port must be a port number, 0 to 65535')
  if (typeof host !== 'string' || host === '') throw new TypeError('host must be an address or a host name')
  if (tls !== undefined && (typeof tls !== 'object' || !isPort((tls as { port?: unknown } | null)?.port))) {
    throw new TypeError('tls must be { port }, a port number, 0 to 65535')
  }
}

/** An address that reaches a server that listens on `host`. */
function urlOf(host: string, port: number): string {
  const name = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`
}

/**
 * Starts WeChat's login servers in this process.
 *
 * @example
 * ```ts
 * const sandbox = await startSandbox()
 * const [app] = sandbox.apps
 * const code = sandbox.issueCode({ appId: app.appId, user: 'alice', scope: 'snsapi_userinfo' })
 * // … let the application under test exchange it at sandbox.url
 * await sandbox.close()
 * ```
 * @throws TypeError that names the invalid option, or the system's error if a port is not available.
 */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  checkOptions(options)
  const { port = 0, host = '127.0.0.1', apps = presetApps } = options
  const settings = checkSettings(options)
  const certificates = options.tls && (await (await import('./tls.js')).issueCertificates())
  const connections: ConnectionCounts = { tcp: 0, tls: 0, resumed: 0 }
  let handle: RequestListener = (_request, response) => response.destroy()
  const listening: Listening[] = []
  const listen = async (server: { port: number; tls?: TlsKeys }): Promise<number> => {
    const started = await startServer({
      ...server,
      host,
      counts: connections,
      handle: (request, response) => handle(request, response),
    })
    listening.push(started)
    return started.port
  }
  try {
    // This server serves the pictures of the preset users, so their URLs need its port.
    const url = urlOf(host, await listen({ port }))
    const tls = certificates &&
      options.tls && {
        port: await listen({ port: options.tls.port, tls: certificates }),
        ca: certificates.ca,
      }
    const world = new World(
      apps,
      options.users ?? presetUsers((userId) => url + avatarPath(userId)),
      settings,
    )
    const parts: SandboxParts = {
      url,
      tls,
      world,
      faults: new Faults(),
      log: new RequestLog(),
      connections,
      listening,
    }
    const sandbox = new Sandbox(parts)
    handle = dispatcher({ ...parts, router: new Router(routesOf(world, sandbox), unknownUrl(world)) })
    return sandbox
  } catch (error) {
    await Promise.all(listening.map(({ close }) => close()))
    throw error
  }
}

function routesOf(world: World, sandbox: Sandbox): Route[] {
  return [
    ...snsRoutes(world),
    ...appLevelRoutes(world),
    ...authorizeRoutes(world),
    ...qrconnectRoutes(world),
    ...confirmRoutes(world),
    ...qrPollRoutes(world),
    ...homeRoutes(world),
    ...avatarRoutes(world),
    ...jsSdkRoutes(world),
    ...miniProgramRoutes(world, sandbox),
    ...controlRoutes(sandbox),
  ]
}
