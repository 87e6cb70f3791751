import { TokenStoreError } from '@wechat-auth/wechat-oauth'
import { isWellFormed } from '@wechat-auth/wechat-oauth/store-kit'

/** A value that no column but one for JSON could keep: its text, as it was when the record was handed over. */
export class Json {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

export type FieldValue = string | number | boolean | null | Json

export type Fields = ReadonlyMap<string, FieldValue>

/**
 * The fields of a record at this moment: what happens to the record afterwards changes nothing.
 *
 * @throws TokenStoreError for a text that has no UTF-8: no column could hand it back
 */
export function fieldsOf(record: object): Fields {
  const fields = new Map<string, FieldValue>()
  for (const [name, value] of Object.entries(record) as [string, unknown][]) {
    const copy = copyOf(value)
    if (copy === undefined) continue
    if (!isWellFormed(name) || (typeof copy === 'string' && !isWellFormed(copy))) throw new TokenStoreError('The record has a text that is no Unicode text.')
    fields.set(name, copy)
  }
  return fields
}

function copyOf(value: unknown): FieldValue | undefined {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number' && Number.isFinite(value)) return value
  // As in all JSON, `undefined` and functions are absent, and what is no finite number is `null`.
  const text = JSON.stringify(value) as string | undefined
  return text === undefined ? undefined : new Json(text)
}

export function jsonOf(value: FieldValue): string {
  return value instanceof Json ? value.text : JSON.stringify(value)
}

export function jsonOfAll(fields: Fields): Json {
  const members = [...fields].map(([name, value]) => `${JSON.stringify(name)}:${jsonOf(value)}`)
  return new Json(`{${members.join(',')}}`)
}
