const placeholder = '***'
const longest = 200
// Shorter values occur in ordinary words.
const shortest = 3

/** Matches WeChat's id of a request in a text. */
export const rid = /[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}/

/**
 * Replaces parts of WeChat's text with `***`: the given values, in every spelling that a server may echo; query strings; and
 * everything else that looks like a credential, even of another call.
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

/** Makes a text fit for a line in a log: no control characters, at most 200 characters. */
export function oneLine(text: string): string {
  return (
    text
      .replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
      .slice(0, longest)
      // Removes half of a surrogate pair that `slice` split.
      .replace(/[\uD800-\uDBFF]$/, '')
  )
}

function spellings(values: readonly string[]): string[] {
  const all = new Set<string>()
  for (const value of values) {
    if (value.length < shortest) continue
    // encodeURIComponent throws on half of a surrogate pair.
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
  // The longest first, because a value may be part of another.
  return [...all].sort((a, b) => b.length - a.length)
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}
