import { randomBytes } from 'node:crypto'
import { run, runOrThrow } from '../helpers/run.js'
import { freePort } from './free-port.js'
import { guard, type Guardian } from './guardian.js'
import { findProgram } from './program.js'
import type { Launcher } from './server.js'

/** Why there is no Docker to be used; `undefined` where there is. */
export async function dockerMissing(): Promise<string | undefined> {
  if (!await findProgram(['docker'])) return 'no docker on the PATH'
  const { code, stderr } = await run('docker', ['info', '--format', '{{.ServerVersion}}'])
  return code === 0 ? undefined : stderr.trim().split('\n')[0] ?? 'docker does not answer'
}

export interface ContainerOptions {
  image: string
  /** The port on which the server listens inside. */
  port: number
  env?: Record<string, string>
  /** What follows the image's name. */
  args?: readonly string[]
}

/** A server in a container. */
export class Container implements Launcher {
  readonly source: string
  readonly port: number
  readonly #name: string
  readonly #guardian: Guardian

  private constructor(image: string, port: number, name: string) {
    this.source = `Docker, ${image}`
    this.port = port
    this.#name = name
    this.#guardian = guard('docker rm --force --volumes "$0"', name)
  }

  static async create({ image, port, env = {}, args = [] }: ContainerOptions): Promise<Container> {
    const name = `wechat-auth-${randomBytes(6).toString('hex')}`
    const container = new Container(image, await freePort(), name)
    try {
      await runOrThrow('docker', [
        'create', '--name', name, '--publish', `127.0.0.1:${container.port}:${port}`,
        ...Object.entries(env).flatMap(([key, value]) => ['--env', `${key}=${value}`]),
        image, ...args,
      ])
      return container
    } catch (error) {
      await container.remove()
      throw error
    }
  }

  async start(): Promise<void> {
    await runOrThrow('docker', ['start', this.#name])
  }

  async failure(): Promise<string | undefined> {
    const { stdout } = await run('docker', ['inspect', '--format', '{{.State.Running}} {{.State.ExitCode}}', this.#name])
    if (stdout.startsWith('true')) return undefined
    const logs = await run('docker', ['logs', '--tail', '5', this.#name])
    return `${stdout.trim()} ${logs.stdout} ${logs.stderr}`
  }

  async kill(): Promise<void> {
    // Both fail where there is nothing to do. A paused container cannot be killed.
    await run('docker', ['unpause', this.#name])
    await run('docker', ['kill', this.#name])
  }

  async freeze(): Promise<void> {
    await runOrThrow('docker', ['pause', this.#name])
  }

  async thaw(): Promise<void> {
    await runOrThrow('docker', ['unpause', this.#name])
  }

  async remove(): Promise<void> {
    await run('docker', ['rm', '--force', '--volumes', this.#name])
    this.#guardian.dismiss()
  }
}
