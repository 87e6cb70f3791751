export interface Page {
  status: number
  headers: Headers
  text: string
  /** The body as JSON; `undefined` if it is not JSON. */
  json: unknown
  /** Where a redirect leads. */
  location: URL | undefined
}

/** A small browser that keeps cookies by name for one server, and does not follow redirects. */
export class Browser {
  readonly cookies = new Map<string, string>()
  readonly #base: string
  readonly #headers: Record<string, string>

  /** @param headers - sent with every request, e.g. a User-Agent */
  constructor(base: string, headers: Record<string, string> = {}) {
    this.#base = base
    this.#headers = headers
  }

  get cookieHeader(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  /** @param init.headers - override the browser's; a `cookie` replaces what is in the jar */
  async open(
    path: string | URL,
    init: { method?: string; headers?: Record<string, string>; body?: string } = {},
  ): Promise<Page> {
    const url = new URL(path, this.#base)
    const response = await fetch(url, {
      ...init,
      redirect: 'manual',
      headers: {
        ...(this.cookies.size > 0 && { cookie: this.cookieHeader }),
        ...this.#headers,
        ...init.headers,
      },
    })
    for (const cookie of response.headers.getSetCookie()) this.#keep(cookie)
    const text = await response.text()
    const location = response.headers.get('location')
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: parse(text),
      location: location === null ? undefined : new URL(location, url),
    }
  }

  post(path: string, body: unknown): Promise<Page> {
    return this.open(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  }

  #keep(cookie: string): void {
    const [pair = '', ...attributes] = cookie.split(';')
    const at = pair.indexOf('=')
    const [name, value] = [pair.slice(0, at).trim(), pair.slice(at + 1).trim()]
    const isOver = attributes.some((attribute) => /^\s*max-age=0\s*$/i.test(attribute) || isPast(attribute))
    if (isOver) this.cookies.delete(name)
    else this.cookies.set(name, value)
  }
}

function isPast(attribute: string): boolean {
  const [name = '', ...value] = attribute.split('=')
  return name.trim().toLowerCase() === 'expires' && Date.parse(value.join('=')) <= Date.now()
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
