/**
 * Calls `act` for each subject in each round, there and back again (A B C, C B A, …): what changes with time, a machine
 * that gets busier or warmer, affects all subjects equally.
 */
export async function inTurns<T>(
  rounds: number,
  subjects: readonly T[],
  act: (subject: T, round: number) => Promise<void>,
): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    for (const subject of round % 2 === 0 ? subjects : subjects.toReversed()) await act(subject, round)
  }
}

/** Calls `act` for each item, with a limit on concurrent calls. */
export async function atOnce<T>(
  width: number,
  items: readonly T[],
  act: (item: T) => Promise<void>,
): Promise<void> {
  const waiting = items.values()
  await Promise.all(
    Array.from({ length: width }, async () => {
      for (const item of waiting) await act(item)
    }),
  )
}
