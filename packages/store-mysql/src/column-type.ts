import { corruptRecord } from '@wechat-auth/wechat-oauth/store-kit'
import { type FieldValue, toJson } from './fields.js'

/**
 * How a type of column keeps values.
 *
 * Texts are sent and received as UTF-8 bytes, and numbers as digits, so neither the character set of the connection nor the
 * options of its pool affect them.
 */
export interface ColumnType {
  readonly family: 'text' | 'bytes' | 'number' | 'json'
  /** Whether it can hold all of Unicode, or at least the basic multilingual plane. */
  readonly isUnicode: boolean
  /** The SQL for a parameter in a statement. */
  readonly placeholder: string
  /** The text for an absent value in a column that cannot be NULL. */
  readonly blank: string
  /** Returns the SQL that reads the column's text. */
  select(column: string): string
  /** Returns the text for a value, or `undefined` if the column could not return exactly this value. */
  encode(value: FieldValue): string | undefined
  /** @throws StoreError if the store cannot have written this text */
  decode(text: string): unknown
}

/** Parses a type from `SHOW FULL COLUMNS`. Returns `undefined` for a type that could not keep any value of a record unchanged. */
export function parseColumnType(definition: string, collation: string | null): ColumnType | undefined {
  const [, name = '', size, scale, unsigned] =
    /^(\w+)(?:\((\d+)(?:,(\d+))?\))?( unsigned)?/.exec(definition.toLowerCase()) ?? []
  const charset = collation?.split('_')[0]
  const length = Number(size)
  switch (name) {
    case 'varchar':
      return textType({ characters: length, charset })
    // CHAR loses trailing blanks.
    case 'char':
      return textType({ characters: length, charset, isPadded: true })
    case 'tinytext':
      return textType({ bytes: 2 ** 8 - 1, charset })
    case 'text':
      return textType({ bytes: 2 ** 16 - 1, charset })
    case 'mediumtext':
      return textType({ bytes: 2 ** 24 - 1, charset })
    case 'longtext':
      return textType({ bytes: 2 ** 32 - 1, charset })
    case 'varbinary':
      return bytesType(length)
    case 'tinyblob':
      return bytesType(2 ** 8 - 1)
    case 'blob':
      return bytesType(2 ** 16 - 1)
    case 'mediumblob':
      return bytesType(2 ** 24 - 1)
    case 'longblob':
      return bytesType(2 ** 32 - 1)
    case 'tinyint':
      return integerType(2n ** 8n, unsigned)
    case 'smallint':
      return integerType(2n ** 16n, unsigned)
    case 'mediumint':
      return integerType(2n ** 24n, unsigned)
    case 'int':
      return integerType(2n ** 32n, unsigned)
    case 'bigint':
      return integerType(2n ** 64n, unsigned)
    case 'decimal':
      return Number(scale ?? 0) === 0 ? decimalType(length, unsigned) : undefined
    // DOUBLE with a number of decimals rounds.
    case 'double':
      return size === undefined ? doubleType(unsigned) : undefined
    case 'json':
      return jsonType
    default:
      return undefined
  }
}

const bytes = 'CAST(? AS BINARY)'
const textOfBytes = `CONVERT(${bytes} USING utf8mb4)`

function castToBytes(column: string): string {
  return `CAST(${column} AS BINARY)`
}

function castToUtf8Bytes(column: string): string {
  return `CAST(CONVERT(${column} USING utf8mb4) AS BINARY)`
}

interface TextLimits {
  characters?: number
  bytes?: number
  charset: string | undefined
  isPadded?: boolean
}

function textType({
  characters = Infinity,
  bytes: limit = Infinity,
  charset,
  isPadded = false,
}: TextLimits): ColumnType {
  const isUnicode = charset === 'utf8mb4' || charset === 'utf8' || charset === 'utf8mb3'
  const fits = (text: string): boolean =>
    hasCharacters(text, charset) &&
    (text.length <= characters || Array.from(text).length <= characters) &&
    Buffer.byteLength(text) <= limit &&
    !(isPadded && text.endsWith(' '))
  return {
    family: 'text',
    isUnicode,
    placeholder: textOfBytes,
    blank: '',
    // A conversion costs the server half a microsecond per column and would not change UTF-8.
    select: isUnicode ? castToBytes : castToUtf8Bytes,
    encode: (value) => (typeof value === 'string' && fits(value) ? value : undefined),
    decode: (text) => text,
  }
}

// Without a strict SQL mode, the server replaces characters that a column cannot hold with question marks.
function hasCharacters(text: string, charset: string | undefined): boolean {
  switch (charset) {
    case 'utf8mb4':
      return true
    case 'utf8':
    case 'utf8mb3':
      return !/[\u{10000}-\u{10ffff}]/u.test(text)
    default:
      return /^\p{ASCII}*$/u.test(text)
  }
}

function bytesType(limit: number): ColumnType {
  return {
    family: 'bytes',
    isUnicode: true,
    placeholder: '?',
    blank: '',
    select: (column) => column,
    encode: (value) => (typeof value === 'string' && Buffer.byteLength(value) <= limit ? value : undefined),
    decode: (text) => text,
  }
}

function integerType(values: bigint, unsigned: string | undefined): ColumnType {
  return unsigned ? wholeNumberType(0n, values - 1n) : wholeNumberType(-values / 2n, values / 2n - 1n)
}

function decimalType(digits: number, unsigned: string | undefined): ColumnType {
  const biggest = 10n ** BigInt(digits) - 1n
  return wholeNumberType(unsigned ? 0n : -biggest, biggest)
}

/** Numbers that JavaScript cannot represent are read and written as text. */
function wholeNumberType(smallest: bigint, biggest: bigint): ColumnType {
  const isWithin = (whole: bigint): boolean => whole >= smallest && whole <= biggest
  return numberType(
    (value) => {
      if (typeof value === 'number' && Number.isSafeInteger(value) && isWithin(BigInt(value)))
        return String(value)
      return typeof value === 'string' && isBig(value) && isWithin(BigInt(value)) ? value : undefined
    },
    (text) => {
      const number = Number(text)
      return Number.isSafeInteger(number) ? number : text
    },
  )
}

function isBig(text: string): boolean {
  return /^-?[1-9]\d*$/.test(text) && !Number.isSafeInteger(Number(text))
}

function doubleType(unsigned: string | undefined): ColumnType {
  return numberType(
    (value) =>
      typeof value === 'number' && Number.isFinite(value) && !(unsigned && value < 0)
        ? String(value)
        : undefined,
    Number,
  )
}

function numberType(encode: ColumnType['encode'], decode: ColumnType['decode']): ColumnType {
  return {
    family: 'number',
    isUnicode: true,
    placeholder: '?',
    blank: '0',
    select: castToBytes,
    encode,
    decode,
  }
}

const jsonType: ColumnType = {
  family: 'json',
  isUnicode: true,
  placeholder: textOfBytes,
  blank: 'null',
  select: castToUtf8Bytes,
  encode: (value) => (value === null ? undefined : toJson(value)),
  decode: (text) => {
    try {
      return JSON.parse(text) as unknown
    } catch {
      throw corruptRecord()
    }
  },
}

/**
 * Keeps numbers in a column for text, as in the tables of older packages.
 *
 * @param numberIn - parses texts that the store did not write
 */
export function numberAsText(type: ColumnType, numberIn: (text: string) => number | undefined): ColumnType {
  return {
    ...type,
    encode: (value) =>
      typeof value === 'number' && Number.isFinite(value) ? type.encode(String(value)) : undefined,
    decode: (text) => {
      if (text.trim() === '') return undefined
      const number = numberIn(text)
      if (number === undefined) throw corruptRecord()
      return number
    },
  }
}

/** Keeps the fields of a record that have no column as one JSON object. */
export function fieldsAsJson(type: ColumnType): ColumnType {
  // Every character set can hold escaped JSON.
  const encode: ColumnType['encode'] =
    type.family === 'json'
      ? toJson
      : (value) => type.encode(toJson(value)) ?? type.encode(escapeNonAscii(toJson(value)))
  return { ...type, blank: '{}', encode }
}

function escapeNonAscii(json: string): string {
  return json.replace(/[^\p{ASCII}]/gu, (character) =>
    character
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  )
}
