import { param, type Call } from '../http/call.js'
import { page } from '../http/families.js'
import type { Reply } from '../http/reply.js'
import type { Route } from '../http/router.js'
import { jweixinScript } from '../pages/index.js'
import type { App } from '../world/apps.js'
import { isSigned, type JsSdkConfig } from '../world/js-sdk.js'
import type { World } from '../world/world.js'
import { deadLink, refusePageMethod } from './page-parts.js'
import { isRegisteredHost, parseRedirectUri } from './redirect-uri.js'

/** WeChat's verdict on `wx.config`: the text after `config:`. */
export type JsSDKVerdict = 'ok' | 'invalid signature' | 'invalid url domain'

const verdictPath = '/__sandbox/js-sdk.js'

/** Judges a `wx.config` call: first the domain of the page, then whether a valid ticket made the signature. */
export function judgeJsSdk(world: World, app: App, config: JsSdkConfig): JsSDKVerdict {
  const url = parseRedirectUri(config.url)
  if (!url || !isRegisteredHost(world, app, url)) return 'invalid url domain'
  return isSigned(world.apiTickets.valid(app.appId, 'jsapi'), config) ? 'ok' : 'invalid signature'
}

function scriptReply(body: string): Reply {
  return {
    status: 200,
    headers: {
      'Content-Type': 'text/javascript; charset=utf-8',
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
      // Pages of applications may require this header (Cross-Origin-Embedder-Policy).
      'Cross-Origin-Resource-Policy': 'cross-origin',
    },
    body,
  }
}

/** Replies with a script that passes the verdict to the stub. Pages of other origins could not read other replies. */
function replyWithVerdict(world: World, call: Call): Reply {
  const id = param(call, 'id')
  if (!/^\d{1,9}$/.test(id)) return deadLink(call, 'id 必须是数字。', 'id must be a number.')
  const app = world.apps.find(param(call, 'appId'))
  const verdict =
    app?.type === 'mp'
      ? judgeJsSdk(world, app, {
          url: param(call, 'url'),
          nonceStr: param(call, 'nonceStr'),
          timestamp: param(call, 'timestamp'),
          signature: param(call, 'signature'),
        })
      : 'invalid appid'
  return scriptReply(`window.__wechatSandbox${id}(${JSON.stringify({ errMsg: `config:${verdict}` })})\n`)
}

/** WeChat's script for pages, and its verdicts, which the WeChat app would give. */
export function jsSdkRoutes(world: World): Route[] {
  return [
    {
      methods: ['GET'],
      path: '/open/js/jweixin-1.6.0.js',
      family: page,
      handle: () => scriptReply(jweixinScript({ verdictPath })),
      refuseMethod: refusePageMethod,
    },
    {
      methods: ['GET'],
      path: verdictPath,
      family: page,
      handle: (call) => replyWithVerdict(world, call),
      refuseMethod: refusePageMethod,
    },
  ]
}
