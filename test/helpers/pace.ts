import { createHash } from 'node:crypto'

/** Milliseconds that the work of the calibration takes on a small server with nothing else to do. */
const usual = 220
const rounds = 8
const work = Buffer.alloc(32 * 1024 * 1024)

/**
 * How many times slower this machine is than a small server with nothing else to do; at least 1. A run measures it once, at its
 * start, and hands it to its processes.
 */
export function measurePace(): number {
  const startedAt = performance.now()
  // As long as it takes for others who want the same processor to get it too.
  for (let round = 0; round < rounds; round += 1) createHash('sha256').update(work).digest()
  return Math.max(1, (performance.now() - startedAt) / usual)
}

const pace = Number(process.env.WECHAT_AUTH_TEST_PACE) || measurePace()

/**
 * The most milliseconds that something may take on this machine which should take `ms`. It tells an answer in bounded time from
 * one that waits for something else; it does not measure speed.
 */
export function inTime(ms: number): number {
  return 1000 + 2 * ms * pace
}
