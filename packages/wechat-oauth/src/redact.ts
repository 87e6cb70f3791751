const placeholder = '***'
const longest = 200
// Shorter values are parts of ordinary words.
const shortest = 3

/**
 * WeChat's text, fit to be shown: the request's own values, in any of the spellings that a server may echo, and query
 * strings become `***`; control characters are dropped; at most 200 characters.
 */
export function redact(text: string, values: readonly string[]): string {
  let safe = text
  for (const spelling of spellings(values)) safe = safe.replaceAll(spelling, placeholder)
  return safe
    .replace(/\?[^\s"'<>]+/g, `?${placeholder}`)
    .replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
    .slice(0, longest)
    // half of a pair that the cut went through
    .replace(/[\uD800-\uDBFF]$/, '')
}

function spellings(values: readonly string[]): string[] {
  const all = new Set<string>()
  for (const value of values) {
    if (value.length < shortest) continue
    const encoded = encodeURIComponent(value)
    all.add(value)
    all.add(encoded)
    all.add(encoded.replaceAll('%20', '+'))
    all.add(encoded.toLowerCase())
    all.add(JSON.stringify(value).slice(1, -1))
    all.add(value.replaceAll('/', '\\/'))
    all.add(Buffer.from(value).toString('base64'))
  }
  // The longest first: a value may be part of another.
  return [...all].sort((a, b) => b.length - a.length)
}
