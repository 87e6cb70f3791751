import { types } from 'node:util'

const isoTime = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(?:Z|([+-]\d\d)(?::?(\d\d))?)$/i

/**
 * Reads a time, in milliseconds since the epoch, from a number or its text, a date, or ISO 8601 text with a time zone. Otherwise
 * `undefined`: text without a time zone means another time on another server.
 */
export function toTime(value: unknown): number | undefined {
  if (types.isDate(value)) return toNumber(value.getTime())
  const iso = typeof value === 'string' ? isoTime.exec(value.trim()) : null
  if (!iso) return toNumber(value)
  const [, day, clock, hours = '+00', minutes = '00'] = iso
  return toNumber(Date.parse(`${day}T${clock}${hours}:${minutes}`))
}

/** Reads a finite number from a number, a bigint or a text. Otherwise `undefined`. */
export function toNumber(value: unknown): number | undefined {
  if (typeof value === 'bigint') return Number(value)
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined
}
