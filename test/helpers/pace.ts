import { createHash } from 'node:crypto'

/** Milliseconds that the calibration takes on an idle small server. */
const usual = 220
const rounds = 8
const work = Buffer.alloc(32 * 1024 * 1024)

/**
 * How many times slower this machine is than an idle small server; at least 1. A run measures it once at its start and passes
 * it to its processes.
 */
export function measurePace(): number {
  const startedAt = performance.now()
  // Long enough for other processes to get the same processor too.
  for (let round = 0; round < rounds; round += 1) createHash('sha256').update(work).digest()
  return Math.max(1, (performance.now() - startedAt) / usual)
}

const pace = Number(process.env.WECHAT_AUTH_TEST_PACE) || measurePace()

/**
 * Returns the most milliseconds that an operation of `ms` milliseconds may take on this machine. It distinguishes an answer
 * in bounded time from one that waits for something else; it does not measure speed.
 */
export function inTime(ms: number): number {
  return 1000 + 2 * ms * pace
}
