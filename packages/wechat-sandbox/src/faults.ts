import { BoundedMap } from './world/bounded-map.js'

/** Raw bytes. A string is sent as UTF-8; `base64` is for bytes in JSON. */
export type FaultBody = string | Uint8Array | { base64: string }

/**
 * How a response fails. With `errcode`, `status`, `body` or `chunks`, the sandbox does not process the request (a code stays unused)
 * and sends these instead of its own response. With `merge`, `omit` or `transform`, it processes the request and changes the response;
 * `status` and `headers` then apply to the changed response. `delay` and `drip` work with all of them.
 */
export interface FaultOptions {
  /** An error in WeChat's form; on pages, WeChat's error page. A string is sent as a string. */
  errcode?: number | string
  /** Sent unchanged. Default: WeChat's text for the errcode, with the request id. */
  errmsg?: string
  /** HTTP status. Default 200. */
  status?: number
  headers?: Record<string, string>
  contentType?: string
  /** Sent unchanged. */
  body?: FaultBody
  /** Sent one after the other, each in its own packet. */
  chunks?: readonly FaultBody[]
  /** Milliseconds between chunks. Default 20. */
  pause?: number
  /** Fields to set in the JSON response. */
  merge?: Record<string, unknown>
  /** Fields to remove from the JSON response. */
  omit?: readonly string[]
  /** Replaces the JSON response (not available over HTTP). */
  transform?: (answer: Record<string, unknown>) => unknown
  /** Milliseconds before the response starts. */
  delay?: number
  /** Milliseconds between the bytes of the body; the headers are sent at once. */
  drip?: number
}

/** `hang`: no response; `reset`: the connection is reset; `truncate`: half of the body, then the connection closes. */
export type Fault = FaultOptions | 'hang' | 'reset' | 'truncate'

type Check = (value: unknown) => string | undefined

function must(accepts: (value: unknown) => boolean, expected: string): Check {
  return (value) => (accepts(value) ? undefined : expected)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
  )
}

function isMs(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}

function isBody(value: unknown): boolean {
  return (
    typeof value === 'string' ||
    value instanceof Uint8Array ||
    (isObject(value) && typeof value['base64'] === 'string')
  )
}

function isText(value: unknown): boolean {
  return typeof value === 'string'
}

const headerNamePattern = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const headerValuePattern = /^[\t\x20-\x7e\x80-\xff]*$/

function isHeaderValue(value: unknown): boolean {
  return typeof value === 'string' && headerValuePattern.test(value)
}

const fieldChecks: Record<keyof FaultOptions, Check> = {
  errcode: must((value) => Number.isSafeInteger(value) || isText(value), 'a number or a string'),
  errmsg: must(isText, 'a string'),
  status: must(
    (value) => Number.isInteger(value) && Number(value) >= 200 && Number(value) <= 599,
    'an HTTP status, 200 to 599',
  ),
  headers: must(
    (value) =>
      isObject(value) &&
      Object.entries(value).every(
        ([name, content]) => headerNamePattern.test(name) && isHeaderValue(content),
      ),
    'an object of valid headers',
  ),
  contentType: must(isHeaderValue, 'a valid header value'),
  body: must(isBody, 'a string, bytes or { base64 }'),
  chunks: must(
    (value) => Array.isArray(value) && value.every(isBody),
    'an array of strings, bytes or { base64 }',
  ),
  pause: must(isMs, 'a number of milliseconds'),
  merge: must(isObject, 'an object'),
  omit: must((value) => Array.isArray(value) && value.every(isText), 'an array of field names'),
  transform: must((value) => typeof value === 'function', 'a function'),
  delay: must(isMs, 'a number of milliseconds'),
  drip: must(isMs, 'a number of milliseconds'),
}

/** @throws TypeError that names the invalid field. */
function checkFault(fault: unknown): Fault {
  if (fault === 'hang' || fault === 'reset' || fault === 'truncate') return fault
  if (!isObject(fault)) throw new TypeError("fault must be an object, 'hang', 'reset' or 'truncate'")
  const names = Object.keys(fault).filter((name) => fault[name] !== undefined)
  if (names.length === 0) throw new TypeError('fault must have at least one field')
  for (const name of names) {
    if (!Object.hasOwn(fieldChecks, name))
      throw new TypeError(`fault has an unknown field ${JSON.stringify(name)}`)
    const expected = fieldChecks[name as keyof FaultOptions](fault[name])
    if (expected !== undefined) throw new TypeError(`fault.${name} must be ${expected}`)
  }
  return fault
}

/** Whether the request is processed, even if its response is then changed. */
export function needsAnswer(fault: Fault): boolean {
  if (fault === 'truncate') return true
  if (typeof fault === 'string') return false
  if (fault.merge !== undefined || fault.omit !== undefined || fault.transform !== undefined) return true
  return (
    fault.errcode === undefined &&
    fault.status === undefined &&
    fault.body === undefined &&
    fault.chunks === undefined
  )
}

interface PathFaults {
  counted: { fault: Fault; left: number }[]
  lasting?: Fault
}

/** The faults of each path. */
export class Faults {
  readonly #byPath = new BoundedMap<string, PathFaults>(10_000)

  /** @throws TypeError if an argument is invalid. */
  set(path: unknown, fault: unknown, times?: unknown): void {
    if (typeof path !== 'string' || !path.startsWith('/'))
      throw new TypeError("path must be a string that starts with '/'")
    if (path.startsWith('/__sandbox/'))
      throw new TypeError('faults cannot be set for paths under /__sandbox/')
    if (fault === null) {
      this.#byPath.set(path, { counted: [] })
      return
    }
    if (times !== undefined && !(Number.isSafeInteger(times) && Number(times) > 0)) {
      throw new TypeError('times must be a whole number above 0')
    }
    const checked = checkFault(fault)
    const faults = this.#byPath.get(path) ?? { counted: [] }
    if (times === undefined) faults.lasting = checked
    else faults.counted.push({ fault: checked, left: Number(times) })
    this.#byPath.set(path, faults)
  }

  /** Returns the fault for the next request to `path`, if any. Counted faults come first, in the order in which they were set. */
  take(path: string): Fault | undefined {
    const faults = this.#byPath.get(path)
    const next = faults?.counted[0]
    if (!faults || !next) return faults?.lasting
    next.left -= 1
    if (next.left === 0) faults.counted.shift()
    return next.fault
  }

  reset(): void {
    this.#byPath.clear()
  }
}
