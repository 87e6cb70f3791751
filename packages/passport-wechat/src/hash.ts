import { hash as digest } from 'node:crypto'

/** SHA-256, as base64url. */
export function hash(text: string): string {
  return digest('sha256', text, 'base64url')
}
