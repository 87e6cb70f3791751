/**
 * How far the clock of another server may be ahead of ours, in milliseconds. A time that is further ahead
 * says nothing: what it belongs to counts neither as newer nor as good.
 */
export const clockMargin = 240_000

/** Clocks that are kept in time by the network differ by less. */
const usualDifference = 100

export function isAheadOfClock(time: number, now: number): boolean {
  return time > now + clockMargin
}

/** Whether a time lies after `start` and not after `now`, as far as clocks agree that are kept in time. */
export function isWithin(time: number, start: number, now: number): boolean {
  return time > start && time <= now + usualDifference
}
