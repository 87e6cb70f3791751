import type { Call } from './call.js'

/** Returns the fields of a posted form, or none if the body is not a form. */
export function parseForm(call: Call): URLSearchParams {
  const mediaType = call.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase()
  return new URLSearchParams(
    mediaType === 'application/x-www-form-urlencoded' ? call.body.toString('utf8') : '',
  )
}

/** Returns the field's first value, or '' if it is missing. */
export function field(fields: URLSearchParams, name: string): string {
  return fields.get(name) ?? ''
}
