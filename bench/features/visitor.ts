export interface Attempt {
  readonly cookie: string
  readonly page: URL
}

export type Answer =
  { readonly status: number; readonly location: string | null; readonly body: string } | 'ended' | 'waiting'

const patience = 9000

/** A browser in front of an application. */
export class Visitor {
  readonly #base: string

  constructor(port: number) {
    this.#base = `http://127.0.0.1:${port}`
  }

  async begin(): Promise<Attempt> {
    const response = await fetch(`${this.#base}/auth`, { redirect: 'manual' })
    return {
      cookie: response.headers
        .getSetCookie()
        .map((cookie) => cookie.split(';', 1)[0])
        .join('; '),
      page: new URL(response.headers.get('location') ?? 'none:'),
    }
  }

  /** @param query - of the callback; the state is that of the attempt unless given */
  async comeBack({ cookie, page }: Attempt, query: Readonly<Record<string, string>>): Promise<Answer> {
    const parameters = new URLSearchParams({ state: page.searchParams.get('state') ?? '', ...query })
    try {
      const response = await fetch(`${this.#base}/auth/callback?${parameters}`, {
        redirect: 'manual',
        headers: { cookie },
        signal: AbortSignal.timeout(patience),
      })
      return {
        status: response.status,
        location: response.headers.get('location'),
        body: await response.text(),
      }
    } catch (error) {
      return (error as Error).name === 'TimeoutError' ? 'waiting' : 'ended'
    }
  }
}

/** For people. */
export function told(answer: Answer): string {
  if (answer === 'ended') return 'the process ends'
  if (answer === 'waiting') return `no answer in ${patience / 1000} s`
  if (answer.status === 200) return 'logged in'
  if (answer.status === 302) return 'sent to WeChat again'
  return `${answer.status === 500 ? 'error' : 'refused'}, ${answer.status}`
}
