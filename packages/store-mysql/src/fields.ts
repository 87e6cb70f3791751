import { StoreError } from '@wechat-auth/wechat-oauth'
import { isWellFormed } from '@wechat-auth/wechat-oauth/store-kit'

/** A value that no column but one for JSON could keep: its text, as it was when the record was handed over. */
export class Json {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

export type FieldValue = string | number | boolean | null | Json

export type Field = readonly [name: string, value: FieldValue]

/**
 * The fields of a record at this moment: what happens to the record afterwards changes nothing.
 *
 * @throws StoreError for a text that has no UTF-8: no column could hand it back
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
    if (!isWellFormed(value)) throw new StoreError('The record has a text that is no Unicode text.')
    return value
  }
  if (value === null || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value)))
    return value
  // As in all JSON, `undefined` and functions are absent, and what is no finite number is `null`.
  const text = JSON.stringify(value) as string | undefined
  return text === undefined ? undefined : new Json(text)
}

export function toJson(value: FieldValue): string {
  return value instanceof Json ? value.text : JSON.stringify(value)
}

/** One JSON object. */
export function toJsonObject(fields: readonly Field[]): Json {
  const members = fields.map(([name, value]) => `${JSON.stringify(name)}:${toJson(value)}`)
  return new Json(`{${members.join(',')}}`)
}
