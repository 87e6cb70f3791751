/** Keeps one token in each of the ways that there are for one server. */
import { answer } from '../lib/answer.js'
import { waysOf, type Way, type Ways } from './ways.js'

export type WayName = keyof Ways
export type Operation = keyof Way

const [name = '', url = ''] = process.argv.slice(2)
const open = waysOf[name]
if (!open) throw new Error(`Unknown server ${name}`)
const ways = await open(url)

async function repeat(way: WayName, operation: Operation, count: number, width: number): Promise<void> {
  const { [way]: chosen } = ways
  if (typeof chosen !== 'object') throw new Error(`Unknown way ${way}`)
  const each = async (): Promise<void> => {
    for (let left = count / width; left > 0; left -= 1) await chosen[operation]()
  }
  await Promise.all(Array.from({ length: width }, each))
}

answer({
  /** By name: whether it can be measured, or why not. */
  ways: () =>
    Object.fromEntries(Object.entries(ways).map(([way, of]) => [way, typeof of === 'string' ? of : true])),
  /** Whether the token that was read has the saved fields. */
  check: async (way: 'ours' | 'bare') => {
    await ways[way].save()
    return ways[way].read()
  },
  /** Microseconds per operation. */
  time: async (way: WayName, operation: Operation, count: number, width: number) => {
    const started = performance.now()
    await repeat(way, operation, count, width)
    return ((performance.now() - started) * 1000) / count
  },
})
