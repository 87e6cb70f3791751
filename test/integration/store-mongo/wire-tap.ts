import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

const message = 2013
/** The driver's own. */
const unasked = new Set(['hello', 'ismaster', 'ismaster', 'ping', 'endSessions'])

/** Stands between the driver and a server, notes which commands are sent, and can hold one up. */
export class WireTap {
  /** The URL of the server, by way of here. */
  readonly url: string
  readonly commands: string[] = []
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #held: { name: string; caught: () => void; gate: Promise<void> } | undefined

  private constructor(server: Server, target: URL) {
    this.#server = server
    const here = new URL(target)
    here.host = `127.0.0.1:${(server.address() as AddressInfo).port}`
    here.searchParams.set('directConnection', 'true')
    this.url = here.href
    server.on('connection', (client: Socket) => {
      this.#join(client, target)
    })
  }

  static async open(url: string): Promise<WireTap> {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new WireTap(server, new URL(url))
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }

  /** Lets the next command of this name arrive at the server only when `release` is called. `caught` resolves when it has come here. */
  hold(name: string): { caught: Promise<void>; release: () => void } {
    let release: () => void = () => undefined
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    const caught = new Promise<void>((resolve) => {
      this.#held = { name, caught: resolve, gate }
    })
    return { caught, release }
  }

  #join(client: Socket, { hostname, port }: URL): void {
    const server = connect(Number(port || 27017), hostname)
    let pending = Buffer.alloc(0)
    let passing = Promise.resolve()
    client.on('data', (data) => {
      const noted = this.commands.length
      pending = this.#note(Buffer.concat([pending, data]))
      const held = this.#held
      if (held && this.commands.slice(noted).includes(held.name)) {
        this.#held = undefined
        held.caught()
        passing = passing.then(() => held.gate)
      }
      passing = passing.then(() => {
        server.write(data)
      })
    })
    server.on('data', (data) => client.write(data))
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        this.#sockets.delete(socket)
        other.destroy()
      })
    }
  }

  /** What is left has not come whole. */
  #note(bytes: Buffer<ArrayBuffer>): Buffer<ArrayBuffer> {
    let rest = bytes
    while (rest.length >= 4 && rest.length >= rest.readInt32LE(0)) {
      const whole = rest.subarray(0, rest.readInt32LE(0))
      rest = rest.subarray(whole.length)
      // Header, flags, the kind of the section, the length of the document and the type of its first field: then comes its name.
      if (whole.readInt32LE(12) !== message) continue
      const name = whole.toString('latin1', 26, whole.indexOf(0, 26))
      if (!unasked.has(name)) this.commands.push(name)
    }
    return rest
  }
}
