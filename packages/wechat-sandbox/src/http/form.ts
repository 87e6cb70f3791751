import type { Call } from './call.js'

/** The fields of a posted form; empty if the body is something else. */
export function formOf(call: Call): URLSearchParams {
  const mediaType = call.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase()
  return new URLSearchParams(
    mediaType === 'application/x-www-form-urlencoded' ? call.body.toString('utf8') : '',
  )
}

/** A field's first value; '' where it is missing. */
export function field(fields: URLSearchParams, name: string): string {
  return fields.get(name) ?? ''
}
