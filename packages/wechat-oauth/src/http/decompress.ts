import { promisify } from 'node:util'
import { largestBody } from './exchange.js'
import { brokenOff, tooLarge } from './failures.js'

/**
 * Decompresses a reply that something on its way compressed, although we do not ask for that. If the end is missing, it returns
 * the part that there is, as `fetch` does.
 */
export async function decompress(data: Uint8Array, encoding: string, endpoint: string): Promise<Uint8Array> {
  const { constants, gunzip, inflate, brotliDecompress } = await import('node:zlib')
  const unpack = new Map([
    ['gzip', gunzip],
    ['x-gzip', gunzip],
    ['deflate', inflate],
    ['br', brotliDecompress],
  ]).get(encoding.trim().toLowerCase())
  if (!unpack || data.length === 0) return data
  const finishFlush = unpack === brotliDecompress ? constants.BROTLI_OPERATION_FLUSH : constants.Z_SYNC_FLUSH
  try {
    return await promisify(unpack)(data, { finishFlush, maxOutputLength: largestBody })
  } catch (error) {
    throw (error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE'
      ? tooLarge(endpoint)
      : brokenOff(endpoint, error)
  }
}
