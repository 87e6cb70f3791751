import { sessionReply, tokenReply, userReply } from './wechat-replies.js'

type Reply = Record<string, unknown> | (() => Response | Promise<Response>)

/** Stands in for WeChat's API behind the option `fetch`. */
export class FakeWechat {
  readonly requests: URL[] = []
  readonly replies: Record<string, Reply> = {
    '/sns/oauth2/access_token': tokenReply(),
    '/sns/userinfo': userReply(),
    '/sns/jscode2session': sessionReply(),
  }

  readonly fetch: typeof fetch = async (input) => {
    const url = new URL(input instanceof Request ? input.url : input)
    this.requests.push(url)
    const reply = this.replies[url.pathname]
    return typeof reply === 'function' ? reply() : new Response(JSON.stringify(reply))
  }

  get paths(): string[] {
    return this.requests.map(({ pathname }) => pathname)
  }
}
