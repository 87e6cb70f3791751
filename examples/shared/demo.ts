// How the examples start and stop: nothing here has to do with WeChat.
import { once } from 'node:events'
import type { Server } from 'node:http'
import { fileURLToPath } from 'node:url'

/** Sets what the file says and the environment does not; there need not be such a file. */
export function loadEnvFile(file: URL): void {
  try {
    process.loadEnvFile(fileURLToPath(file))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

/** @throws Error that names the option */
export function portOf(option: string, value: string): number {
  const port = Number(value)
  if (!/^\d+$/.test(value) || port > 65_535) throw new Error(`${option} must be a port number, 0 to 65535`)
  return port
}

/** Starts something at this port or, if it is taken, at any free one. */
export async function orAnyPort<T>(port: number, start: (port: number) => Promise<T>): Promise<T> {
  try {
    return await start(port)
  } catch (error) {
    if (port === 0 || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    return await start(0)
  }
}

export async function listening(server: Server, port: number, host: string): Promise<Server> {
  server.listen(port, host)
  await once(server, 'listening')
  return server
}

/** Closes the server, and the connections that browsers keep open. */
export async function closed(server: Server): Promise<void> {
  const close = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await close
}

/** Closes the demo when this process is told to end. */
export function closeAtTheEnd(demo: { close: () => Promise<void> }): void {
  const stop = (): void => void demo.close()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop)
  if (process.env.npm_lifecycle_event === undefined) return
  // npm passes a signal on to its shell only, and the shell dies without telling anybody: its end is the signal then.
  const shell = process.ppid
  setInterval(() => {
    if (process.ppid !== shell) stop()
  }, 500).unref()
}
