/**
 * How far another server's clock may be ahead of ours, in milliseconds. A record with a time further ahead counts neither as
 * newer nor as valid.
 */
export const clockMargin = 240_000

/** Clocks that are synchronized over the network differ by less, in milliseconds. */
const usualDifference = 100

export function isAheadOfClock(time: number, now: number): boolean {
  return time > now + clockMargin
}

/** Whether a time is after `start` and not after `now`, allowing for the usual difference between clocks. */
export function isWithin(time: number, start: number, now: number): boolean {
  return time > start && time <= now + usualDifference
}
