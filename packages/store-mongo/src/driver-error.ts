export const duplicateKey = 11000

export function isDuplicateKey(error: unknown): boolean {
  return codeOf(error) === duplicateKey
}

export function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | null)?.code
}
