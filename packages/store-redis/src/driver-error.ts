/** Redis works, but has something else under this key, e.g. a list. */
export function isWrongType(error: unknown): boolean {
  // Of a script, the word comes later in the message.
  return error instanceof Error && /\bWRONGTYPE\b/.test(error.message)
}
