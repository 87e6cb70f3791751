/** The JSON object of an answer, nothing of it checked yet. */
export type Reply = Record<string, unknown>

/** Parses the text of an answer, whatever content type it was sent with; `undefined` where it is no JSON object. */
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

// WeChat sends nicknames with raw control characters in them, which JSON does not allow inside of strings.
function escapeControlCharacters(text: string): string {
  return text.replace(/"(?:[^"\\]|\\[^])*"/g, (string) =>
    string.replace(/\p{Cc}/gu, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`))
}
