import { readBrowserScript } from '../browser-script.js'
import { json } from './html.js'
import type { JweixinData } from './script-data.js'

/** A stub of WeChat's script for pages. */
export function jweixinScript(data: JweixinData): string {
  return `(function (scriptData) {\n${readBrowserScript('jweixin')}})(${json(data).text})\n`
}
