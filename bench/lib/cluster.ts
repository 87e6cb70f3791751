import type { Wechat } from '../wechat/wechat.js'
import type { StoreServer } from './store-servers.js'
import { Subject } from './subject.js'

export const processes = 4

/** Several processes of an application that share a store. */
export class Cluster {
  readonly #workers: readonly Subject[]

  private constructor(workers: readonly Subject[]) {
    this.#workers = workers
  }

  static async start({ store, address }: StoreServer, wechat: Wechat): Promise<Cluster> {
    const { env, execArgv } = wechat.leadingHere
    const options = { args: [store, address], env, execArgv: [...execArgv, '--import=tsx'] }
    return new Cluster(
      await Promise.all(
        Array.from({ length: processes }, async () => {
          return Subject.start(new URL('cluster-worker.ts', import.meta.url), options)
        }),
      ),
    )
  }

  /** Calls one of them. */
  async callOne<T>(command: string, ...args: unknown[]): Promise<T> {
    const [worker] = this.#workers
    if (!worker) throw new Error('The cluster has no processes')
    return worker.call(command, ...args)
  }

  /** Calls all of them at once and waits for all. */
  async callAll(command: string, ...args: unknown[]): Promise<void> {
    await Promise.all(this.#workers.map(async (worker) => worker.call(command, ...args)))
  }

  async stop(): Promise<void> {
    await Promise.all(this.#workers.map(async (worker) => worker.stop()))
  }
}
