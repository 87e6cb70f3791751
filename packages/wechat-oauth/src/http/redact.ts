const placeholder = '***'
const longest = 200
// Shorter values are parts of ordinary words.
const shortest = 3

/** WeChat's id of a request, as it stands in a text. */
export const rid = /[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}/

/**
 * WeChat's text with `***` for the given values, in any of the spellings that a server may echo; for query strings; and for
 * whatever else looks like a credential, be it one of another call.
 */
export function hide(text: string, values: readonly string[]): string {
  const known = spellings(values)
  return (
    known.length > 0 ? text.replace(new RegExp(known.map(escapeRegExp).join('|'), 'gi'), placeholder) : text
  )
    .replace(/\?[^\s"'<>]+/g, `?${placeholder}`)
    .replace(/[\w+/=-]{24,}/g, (word) =>
      !rid.test(word) && /\d/.test(word) && /[a-z]/i.test(word) ? placeholder : word,
    )
}

/** A text fit for a line of a log: no control characters, at most 200 characters. */
export function oneLine(text: string): string {
  return (
    text
      .replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
      .slice(0, longest)
      // half of a pair that the cut went through
      .replace(/[\uD800-\uDBFF]$/, '')
  )
}

function spellings(values: readonly string[]): string[] {
  const all = new Set<string>()
  for (const value of values) {
    if (value.length < shortest) continue
    // Half of a surrogate pair cannot be encoded.
    const encoded = encodeURIComponent(value.replace(/\p{Surrogate}/gu, '\ufffd'))
    const json = JSON.stringify(value).slice(1, -1)
    const base64 = Buffer.from(value).toString('base64')
    all.add(value).add(json).add(value.replaceAll('/', '\\/')).add(json.replaceAll('/', '\\/'))
    all
      .add(encoded)
      .add(encodeURIComponent(encoded))
      .add(new URLSearchParams({ '': value }).toString().slice(1))
      .add(encoded.replaceAll('%20', '+'))
    all.add(base64).add(base64.replace(/=+$/, '')).add(Buffer.from(value).toString('base64url'))
  }
  // The longest first: a value may be part of another.
  return [...all].sort((a, b) => b.length - a.length)
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}
