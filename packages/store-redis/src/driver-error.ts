/** Redis works, but the key holds another type, e.g. a list. */
export function isWrongType(error: unknown): boolean {
  // In an error of a script, the word does not come first.
  return error instanceof Error && /\bWRONGTYPE\b/.test(error.message)
}
