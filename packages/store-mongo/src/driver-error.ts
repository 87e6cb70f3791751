export const duplicateKey = 11000

export function isDuplicateKey(error: unknown): boolean {
  return readCode(error) === duplicateKey
}

export function readCode(error: unknown): unknown {
  return (error as { code?: unknown } | null)?.code
}
