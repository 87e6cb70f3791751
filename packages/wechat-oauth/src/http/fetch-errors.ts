// System calls that fail before there is a connection. After that, the failing calls are read and write.
const connecting = new Set<unknown>(['getaddrinfo', 'connect'])

/** Codes of failures before the first byte of a request, for any system call. */
const early = new Set<unknown>([
  'ENOTFOUND',
  'EAI_AGAIN',
  'ECONNREFUSED',
  'UND_ERR_CONNECT_TIMEOUT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'ERR_TLS_CERT_ALTNAME_FORMAT',
  'ERR_TLS_DH_PARAM_SIZE',
  // OpenSSL's codes for a bad certificate.
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
 * Whether there may have been a connection when a `fetch` failed. In Node.js the error has a cause with the code, in Bun it has
 * the code itself. A code proves nothing if it can also occur later, e.g. `ECONNRESET` after a broken TLS handshake.
 */
export function mayHaveConnected(error: unknown): boolean {
  const { cause = error } = (error ?? {}) as { cause?: unknown }
  const { errors } = (cause ?? {}) as SystemError
  // If the host has several addresses, there is an error for each.
  const failures: unknown[] = Array.isArray(errors) ? errors : [cause]
  return failures.length === 0 || !failures.every(failedToConnect)
}

function failedToConnect(error: unknown): boolean {
  const { code, syscall } = (error ?? {}) as SystemError
  if (typeof code !== 'string' || code === 'ECONNRESET') return false
  return syscall === undefined ? early.has(code) || code.startsWith('CERT_') : connecting.has(syscall)
}
