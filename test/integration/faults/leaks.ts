import { inspect } from 'node:util'
import type { LoggedRequest } from '@wechat-auth/wechat-sandbox'

const secretParameters = [
  'secret',
  'code',
  'js_code',
  'access_token',
  'refresh_token',
  'session_key',
  'ticket',
]
// Long enough not to occur by chance, short enough to find what a cut has left of a secret.
const piece = 12

/** The secrets of one login, and whether they can be seen somewhere. */
export class Secrets {
  readonly #values = new Map<string, string>()

  add(name: string, value: unknown): void {
    if (typeof value === 'string' && value.length >= piece) this.#values.set(value, name)
  }

  /** Takes in the secrets among the members of an answer, a token record or a query. */
  addAllOf(members: object): void {
    const entries = Object.entries(members)
    for (const name of secretParameters) this.add(name, entries.find(([key]) => key === name)?.[1])
  }

  addAllSent(requests: readonly LoggedRequest[]): void {
    for (const { query, body } of requests) {
      this.addAllOf(query)
      this.addAllOf(membersOf(body))
    }
  }

  /** What can be seen of them in `text`; empty when there is nothing. */
  leaksIn(text: string): string[] {
    const leaks = [...this.#values].flatMap(([value, name]) =>
      Object.entries(spellings(value))
        .filter(
          ([, spelling]) => text.includes(spelling.slice(0, piece)) || text.includes(spelling.slice(-piece)),
        )
        .map(([spelling]) => `${name} (${spelling})`),
    )
    if (/99_SANDBOX(?:ACCESS|REFRESH|CLIENT)|SANDBOXTICKET/.test(text))
      leaks.push('a token or ticket of the sandbox')
    const query = /\?[^\s"'<>*]*=/.exec(text)
    if (query) leaks.push(`a query string: ${query[0].slice(0, 40)}`)
    return leaks
  }
}

/** The members of a body in JSON; of another, none. */
export function membersOf(body: string): object {
  try {
    return Object(JSON.parse(body)) as object
  } catch {
    return {}
  }
}

function spellings(value: string): Record<string, string> {
  return {
    'as it is': value,
    'URL-encoded': encodeURIComponent(value),
    'URL-encoded in lower case': encodeURIComponent(value).toLowerCase(),
    'form-encoded': new URLSearchParams({ value }).toString().slice('value='.length),
    base64: Buffer.from(value).toString('base64').replace(/=+$/, ''),
    base64url: Buffer.from(value).toString('base64url'),
    JSON: JSON.stringify(value).slice(1, -1),
    'JSON with escaped slashes': JSON.stringify(value).slice(1, -1).replaceAll('/', '\\/'),
    HTML: value
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;'),
  }
}

/** All that somebody can get to see of a value: by printing, inspecting or serialising it, or by looking at its members. */
export function exposed(value: unknown): string {
  return [
    attempt(() => String(value)),
    attempt(() => inspect(value)),
    attempt(() =>
      inspect(value, {
        depth: null,
        showHidden: true,
        getters: true,
        maxArrayLength: null,
        maxStringLength: null,
      }),
    ),
    attempt(() => JSON.stringify(value)),
    ...stringsWithin(value),
  ].join('\n')
}

function attempt(print: () => string | undefined): string {
  try {
    return print() ?? ''
  } catch (error) {
    return String(error)
  }
}

const builtIns = new Set<unknown>(
  [Object, Function, Error, TypeError, Array, Promise, Map, Set, Symbol, String].flatMap(
    (type): unknown[] => [type, type.prototype],
  ),
)

/** Every string that can be reached through members: own and inherited, of any key, enumerable or not. */
function stringsWithin(root: unknown): string[] {
  const strings: string[] = []
  const seen = new Set<unknown>(builtIns)
  const waiting: unknown[] = [root]
  while (waiting.length > 0) {
    const value = waiting.pop()
    if (typeof value === 'string') strings.push(value)
    if (typeof value === 'symbol') strings.push(value.description ?? '')
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null || seen.has(value))
      continue
    seen.add(value)
    if (ArrayBuffer.isView(value)) {
      strings.push(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1'))
      continue
    }
    if (value instanceof Map) waiting.push(...value.keys(), ...value.values())
    if (value instanceof Set) waiting.push(...value)
    for (
      let layer: object | null = value;
      layer && !builtIns.has(layer);
      layer = Object.getPrototypeOf(layer) as object | null
    ) {
      for (const key of Reflect.ownKeys(layer)) waiting.push(key, member(layer, key, value))
    }
  }
  return strings
}

function member(layer: object, key: PropertyKey, receiver: object): unknown {
  try {
    return Reflect.get(layer, key, receiver)
  } catch (error) {
    return error
  }
}
