import { StoreError } from '@wechat-auth/wechat-oauth'
import { isWellFormed } from '@wechat-auth/wechat-oauth/store-kit'

/** A value that only a column for JSON can keep, as its text at the time of the call. */
export class Json {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

export type FieldValue = string | number | boolean | null | Json

export type Field = readonly [name: string, value: FieldValue]

/**
 * Copies the fields of a record, so that later changes to the record have no effect.
 *
 * @throws StoreError for a text that UTF-8 cannot encode, because no column could return it
 */
export function toFields(record: object): readonly Field[] {
  const fields: Field[] = []
  for (const name of Object.keys(record)) {
    const value = copyValue((record as Record<string, unknown>)[name])
    if (value !== undefined) fields.push([name, value])
  }
  return fields
}

function copyValue(value: unknown): FieldValue | undefined {
  if (typeof value === 'string') {
    if (!isWellFormed(value)) throw new StoreError('The record contains text that is not well-formed Unicode')
    return value
  }
  if (value === null || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value)))
    return value
  // As in all JSON, `undefined` and functions are absent, and NaN and infinite numbers are `null`.
  const text = JSON.stringify(value) as string | undefined
  return text === undefined ? undefined : new Json(text)
}

export function toJson(value: FieldValue): string {
  return value instanceof Json ? value.text : JSON.stringify(value)
}

/** Joins the fields into one JSON object. */
export function toJsonObject(fields: readonly Field[]): Json {
  const members = fields.map(([name, value]) => `${JSON.stringify(name)}:${toJson(value)}`)
  return new Json(`{${members.join(',')}}`)
}
