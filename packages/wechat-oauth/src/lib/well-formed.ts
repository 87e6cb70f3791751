/** Whether a text can be encoded as UTF-8. Half of a surrogate pair cannot, so it cannot be part of an address either. */
export function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text)
}
