import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Readable, Writable } from 'node:stream'
import { root } from '../../helpers/run.js'

type Child = ChildProcessByStdio<Writable, Readable, null>

/**
 * Starts a module in a separate process, with WeChat's host for calls between servers played by `wechat`.
 *
 * @param cwd - where the module finds what it imports. Default: the root
 */
export function startModule(
  code: string,
  { cwd = root, env = {}, wechat = '' }: { cwd?: string; env?: Record<string, string>; wechat?: string } = {},
): Child {
  const child = spawn(process.execPath, [...process.execArgv, '--input-type=module'], {
    cwd,
    env: { ...process.env, NODE_TEST_CONTEXT: undefined, ...env, WECHAT: wechat },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  child.stdout.setEncoding('utf8')
  child.stdin.end(`
    const realFetch = fetch
    globalThis.fetch = (url, init) => realFetch(String(url).replace('https://api.weixin.qq.com', process.env.WECHAT), init)
    ${code}`)
  return child
}

/** Runs a module to its end: what it printed, and its exit code. */
export async function runModule(
  ...parameters: Parameters<typeof startModule>
): Promise<{ printed: string; code: number | null }> {
  const child = startModule(...parameters)
  let printed = ''
  child.stdout.on('data', (text: string) => {
    printed += text
  })
  await once(child, 'close')
  return { printed, code: child.exitCode }
}

/** The first line that a program prints. */
export async function firstLine(child: Child): Promise<string> {
  const [text] = (await Promise.race([once(child.stdout, 'data'), once(child, 'close')])) as [unknown]
  if (typeof text !== 'string') throw new Error(`the program ended with ${String(text)} and printed nothing`)
  return text.trim()
}

type AsyncFunction = new (
  ...parameters: string[]
) => (...values: unknown[]) => Promise<Record<string, unknown>>
const AsyncFunction = (async () => {}).constructor as AsyncFunction

/**
 * Runs a part of a program in this process.
 *
 * @param scope - what it uses, by name; its imports too
 * @param declares - names that it declares, whose values are wanted
 */
export function runPart(
  code: string,
  scope: Record<string, unknown>,
  declares: readonly string[] = [],
): Promise<Record<string, unknown>> {
  const part = code.replace(/^import .*$/gm, '')
  return new AsyncFunction(...Object.keys(scope), `'use strict'\n${part}\nreturn { ${declares.join(', ')} }`)(
    ...Object.values(scope),
  )
}

/** A server on a free port for an Express application; `close` ends it with all its connections. */
export async function serve(
  app: Parameters<typeof createServer>[1] & object,
): Promise<{ url: string; close: () => Promise<void> }> {
  const server: Server = createServer(app)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}
