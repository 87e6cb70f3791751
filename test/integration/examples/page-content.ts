const entities: Record<string, string> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
}

function decoded(text: string): string {
  return text.replace(/&(?:amp|lt|gt|quot|#39);/g, (entity) => entities[entity] ?? entity)
}

/** The text of the element with this `data-testid`; `undefined` where there is none. Elements of the same name must not be nested in it. */
export function contentOf(page: string, testId: string): string | undefined {
  const found = new RegExp(`<(\\w+)[^>]*data-testid="${testId}"[^>]*>([\\s\\S]*?)</\\1>`).exec(page)?.[2]
  return found === undefined ? undefined : decoded(found.replace(/<[^>]*>/g, '')).trim()
}

/** Where the link with this `data-testid` leads; `undefined` where there is none. */
export function linkOf(page: string, testId: string): string | undefined {
  const link = new RegExp(`<a[^>]*data-testid="${testId}"[^>]*>`).exec(page)?.[0]
  const href = /href="([^"]*)"/.exec(link ?? '')?.[1]
  return href === undefined ? undefined : decoded(href)
}
