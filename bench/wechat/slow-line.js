import { createServer, connect } from 'node:net'
import { performance } from 'node:perf_hooks'
import { setTimeout } from 'node:timers'

/**
 * A line with a delay before a server: what a client sends arrives `delay()` milliseconds later, answers come back at once; so each
 * round trip takes that much longer. The first packet is held twice as long, in place of TCP's own handshake, which ends here.
 */
export async function startSlowLine(port, delay) {
  const server = createServer({ noDelay: true }, (client) => {
    const upstream = connect({ port, host: '127.0.0.1', noDelay: true })
    let isFirst = true
    let due = 0
    const send = (act) => {
      const wait = delay() * (isFirst ? 2 : 1)
      isFirst = false
      if (wait === 0) return act()
      // Nothing overtakes what was sent before.
      due = Math.max(due, performance.now() + wait)
      setTimeout(act, due - performance.now())
    }
    client.on('data', (chunk) => send(() => upstream.write(chunk)))
    client.on('end', () => send(() => upstream.end()))
    upstream.pipe(client)
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ]) {
      socket.on('error', () => other.destroy())
      socket.on('close', () => other.destroy())
    }
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server.address().port
}
