import { deadLinkText, errmsgs, legacyErrmsgs, pageErrmsgs } from '../errcodes.js'
import { newReqId, newRid } from '../world/ids.js'
import type { World } from '../world/world.js'
import type { Call } from './call.js'
import { errorPageReply } from './page-reply.js'
import { jsonReply, type Reply } from './reply.js'

/** Endpoints with the same content type and the same form of errors. */
export interface Family {
  contentType: string
  /** `verbatim` is sent unchanged. Otherwise `text` (default: WeChat's text for the errcode) is sent with the request id. */
  error: (world: World, call: Call, errcode: number, texts?: { verbatim?: string; text?: string }) => Reply
}

interface JsonFamily extends Family {
  success: (json: Record<string, unknown>) => Reply
}

function withRequestId(world: World, text: string, legacyText: string, comma: string): string {
  switch (world.settings.errmsgStyle) {
    case 'bare':
      return text
    case 'hints':
      return comma === ','
        ? `${legacyText}, hints: [ req_id: ${newReqId()} ]`
        : `${legacyText} hint: [${newReqId()}]`
    case 'current':
      return `${text}${comma} rid: ${newRid(world.clock.now())}`
  }
}

function jsonFamily(contentType: string, comma: '' | ','): JsonFamily {
  return {
    contentType,
    success: (json) => jsonReply(contentType, json),
    error: (world, _call, errcode, { verbatim, text = errmsgs[errcode] ?? 'unknown error' } = {}) =>
      jsonReply(contentType, {
        errcode,
        errmsg: verbatim ?? withRequestId(world, text, legacyErrmsgs[errcode] ?? text, comma),
      }),
  }
}

/** `/sns/*` */
export const sns = jsonFamily('text/plain', ',')

/** `/cgi-bin/*`, `/wxa/*`, and every path that does not exist */
export const api = jsonFamily('application/json; encoding=utf-8', '')

/** the pages */
export const page: Family = {
  contentType: 'text/html; charset=utf-8',
  error: (_world, call, number, { verbatim } = {}) =>
    errorPageReply(call, {
      number,
      text: verbatim ?? pageErrmsgs[number] ?? errmsgs[number] ?? deadLinkText,
    }),
}

/** the QR page's long poll */
export const poll: Family = {
  contentType: 'text/javascript',
  error: (_world, _call, errcode) => pollReply(errcode, ''),
}

export function pollReply(errcode: number, code: string): Reply {
  return {
    status: 200,
    headers: { 'Content-Type': poll.contentType, 'Cache-Control': 'no-store' },
    body: `window.wx_errcode=${errcode};window.wx_code='${code}';`,
  }
}
