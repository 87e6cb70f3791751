// What the system was asked to do when it failed. With a connection, that is to read or to write.
const connecting = new Set<unknown>(['getaddrinfo', 'connect'])

/** Come before the first byte of a request, whatever the system was asked to do. */
const early = new Set<unknown>([
  'ENOTFOUND',
  'EAI_AGAIN',
  'ECONNREFUSED',
  'UND_ERR_CONNECT_TIMEOUT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'ERR_TLS_CERT_ALTNAME_FORMAT',
  'ERR_TLS_DH_PARAM_SIZE',
  // What OpenSSL says of a certificate.
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_DECRYPT_CERT_SIGNATURE',
  'UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'PATH_LENGTH_EXCEEDED',
  'HOSTNAME_MISMATCH',
])

interface SystemError {
  code?: unknown
  syscall?: unknown
  errors?: unknown
}

/**
 * Whether there may have been a connection when a `fetch` failed. The error of Node.js's own has a cause. Codes that
 * may also come later prove nothing, e.g. `ECONNRESET` after a broken TLS handshake.
 */
export function mayHaveConnected(error: unknown): boolean {
  const { cause } = (error ?? {}) as { cause?: unknown }
  const { errors } = (cause ?? {}) as SystemError
  // One for each address of the host, where it has several.
  const failures: unknown[] = Array.isArray(errors) ? errors : [cause]
  return failures.length === 0 || !failures.every(failedToConnect)
}

function failedToConnect(error: unknown): boolean {
  const { code, syscall } = (error ?? {}) as SystemError
  if (typeof code !== 'string' || code === 'ECONNRESET') return false
  return syscall === undefined ? early.has(code) || code.startsWith('CERT_') : connecting.has(syscall)
}
