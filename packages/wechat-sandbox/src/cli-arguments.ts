import { parseArgs } from 'node:util'
import type { SandboxOptions } from './start-sandbox.js'
import type { AppType, SandboxApp } from './world/apps.js'
import type { SandboxUser } from './world/users.js'

export const usage = `Usage: wechat-sandbox [options]

WeChat's login servers on this computer. Not WeChat: no account and no internet needed.

  --port <port>    port to listen on; 0 for any free one (default 4700)
  --host <host>    address to bind (default 127.0.0.1, not reachable from other computers)
  --app <app>      <type>:<appid>:<secret>[:<domain>,<domain>…], type mp, website or miniprogram;
                   repeat for more apps; replaces the preset ones; all share one open-platform account
  --user <user>    <id>[:<nickname>]; repeat for more users; replaces the preset ones
  --tls [port]     also serve WeChat's host names over TLS on this port (default any free one),
                   with a new certificate authority for this run
  --tls-ca <file>  write that authority's certificate to a file instead of printing it
  --help           show this
`

export interface CliArguments {
  help: boolean
  options: SandboxOptions
  caFile?: string
}

const defaultPort = 4700

function parsePort(name: string, text: string): number {
  const port = Number(text)
  if (!/^\d{1,5}$/.test(text) || port > 65_535)
    throw new TypeError(`--${name} must be a port number, 0 to 65535`)
  return port
}

function parseApp(text: string): SandboxApp {
  const [type = '', appId = '', appSecret = '', ...domains] = text.split(':')
  if (!['mp', 'website', 'miniprogram'].includes(type) || appId === '' || appSecret === '') {
    throw new TypeError(
      '--app must be <type>:<appid>:<secret>[:<domains>], with the type mp, website or miniprogram',
    )
  }
  // A domain may contain a port, so everything after the third colon is the list of domains.
  const names = domains
    .join(':')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
  return {
    type: type as AppType,
    appId,
    appSecret,
    unionAccount: 'sandbox',
    ...(names.length > 0 ? { domains: names } : {}),
  }
}

function parseUser(text: string): SandboxUser {
  const [id = '', ...nickname] = text.split(':')
  if (id === '') throw new TypeError('--user must be <id>[:<nickname>]')
  return { id, nickname: nickname.length > 0 ? nickname.join(':') : id }
}

/** Gives `--tls` without a port the port 0, because `parseArgs` requires a value. */
function withTlsPort(args: string[]): string[] {
  return args.map((arg, index) => (arg === '--tls' && !/^\d/.test(args[index + 1] ?? '') ? '--tls=0' : arg))
}

/** @throws TypeError that names the invalid argument. */
export function parseArguments(args: string[]): CliArguments {
  const { values } = parseArgs({
    args: withTlsPort(args),
    options: {
      port: { type: 'string' },
      host: { type: 'string' },
      app: { type: 'string', multiple: true },
      user: { type: 'string', multiple: true },
      tls: { type: 'string' },
      'tls-ca': { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  const { 'tls-ca': caFile } = values
  if (caFile !== undefined && values.tls === undefined) throw new TypeError('--tls-ca requires --tls')
  return {
    help: values.help,
    ...(caFile === undefined ? {} : { caFile }),
    options: {
      port: values.port === undefined ? defaultPort : parsePort('port', values.port),
      host: values.host,
      apps: values.app?.map(parseApp),
      users: values.user?.map(parseUser),
      tls: values.tls === undefined ? undefined : { port: parsePort('tls', values.tls) },
    },
  }
}
