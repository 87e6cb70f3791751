import type { Call } from './call.js'

/** The fields of a posted form; empty if the body is something else. */
export const formOf = (call: Call): URLSearchParams => {
  const mediaType = call.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase()
  return new URLSearchParams(
    mediaType === 'application/x-www-form-urlencoded' ? call.body.toString('utf8') : '',
  )
}

/** A field's first value; '' where it is missing. */
export const field = (fields: URLSearchParams, name: string): string => fields.get(name) ?? ''
