/** The JSON object of a reply. None of its fields has been checked yet. */
export type Reply = Record<string, unknown>

/** Parses the text of a reply of any content type. `undefined` if it is not a JSON object. */
export function parseReply(text: string): Reply | undefined {
  const value = parseJSON(text) ?? parseJSON(escapeControlCharacters(text))
  return typeof value === 'object' && !Array.isArray(value) ? (value as Reply) : undefined
}

function parseJSON(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}

// WeChat sends nicknames with raw control characters, which JSON does not allow in strings. The pattern never backtracks,
// because anybody may have written the text.
function escapeControlCharacters(text: string): string {
  let inString = false
  return text.replace(/\\[^]|["\p{Cc}]/gu, (found) => {
    if (found === '"') inString = !inString
    const control = /\p{Cc}$/u.exec(found)?.[0]
    return inString && control !== undefined
      ? `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`
      : found
  })
}
