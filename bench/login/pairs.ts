import type { Application } from './application.js'

/** Latencies of as many logins through the one as through the other, one by one in the order A B B A. */
export async function besideEachOther(
  count: number,
  one: Application,
  other: Application,
): Promise<[number[], number[]]> {
  const latencies: [number[], number[]] = [[], []]
  const visitors = [one.visitors(count), other.visitors(count)] as const
  for (let pair = 0; pair < count; pair += 1) {
    const [first, second] = [await visitors[0].next(), await visitors[1].next()]
    if (first.done === true || second.done === true) throw new Error('Too few visitors')
    const comeBack = [first.value, second.value] as const
    for (const index of pair % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const))
      latencies[index].push(await comeBack[index]())
  }
  return latencies
}
