import { connect, createServer, type AddressInfo } from 'node:net'

/** Between a client and its server: counts how often the client waits for an answer. */
export class CountingLine {
  /** How many times a client has sent something after it had been answered. */
  roundTrips = 0
  readonly #server

  private constructor(port: number) {
    this.#server = createServer({ noDelay: true }, (client) => {
      const upstream = connect({ port, host: '127.0.0.1', noDelay: true })
      let isAnswered = true
      client.on('data', () => {
        if (isAnswered) this.roundTrips += 1
        isAnswered = false
      })
      upstream.on('data', () => {
        isAnswered = true
      })
      client.pipe(upstream).pipe(client)
      for (const [socket, other] of [
        [client, upstream],
        [upstream, client],
      ] as const) {
        socket.on('error', () => other.destroy())
        socket.on('close', () => other.destroy())
      }
    })
  }

  static async start(port: number): Promise<CountingLine> {
    const line = new CountingLine(port)
    await new Promise<void>((resolve) => {
      line.#server.listen(0, '127.0.0.1', resolve)
    })
    return line
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  stop(): void {
    this.#server.close()
  }
}
