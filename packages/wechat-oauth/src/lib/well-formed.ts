/** Half of a surrogate pair has no UTF-8, and so cannot be part of an address. */
export function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text)
}
