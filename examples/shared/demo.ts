// How the examples start and stop. Nothing here is specific to WeChat.
import { once } from 'node:events'
import type { Server } from 'node:http'
import { fileURLToPath } from 'node:url'

/** Sets the variables of a file that the environment does not set. The file is optional. */
export function loadEnvFile(file: URL): void {
  try {
    process.loadEnvFile(fileURLToPath(file))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

/** @throws Error that names the invalid option */
export function portOf(option: string, value: string): number {
  const port = Number(value)
  if (!/^\d+$/.test(value) || port > 65_535) throw new Error(`${option} must be a port number, 0 to 65535`)
  return port
}

/** Starts a server on this port or, if it is taken, on any free one. */
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

/** Closes the server and the connections that browsers keep open. */
export async function closed(server: Server): Promise<void> {
  const close = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await close
}

/** Closes the demo when this process receives a signal to end. */
export function closeAtTheEnd(demo: { close: () => Promise<void> }): void {
  const stop = (): void => void demo.close()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop)
  if (process.env.npm_lifecycle_event === undefined) return
  // npm sends a signal only to its shell, which ends without passing it on. So the end of the shell counts as the signal.
  const shell = process.ppid
  setInterval(() => {
    if (process.ppid !== shell) stop()
  }, 500).unref()
}
