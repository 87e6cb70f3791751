import { readFileSync } from 'node:fs'
import { benchFolder, rootFolder } from './folders.js'

export type Competitor =
  | 'passport-wechat'
  | 'passport-weixin'
  | 'passport-oauth2'
  | 'wechat-oauth'
  | 'wechat-oauth-ts'
  | 'co-wechat-oauth'
  | 'co-wechat-api'
  | 'node-easywechat'

/** Name and version of a package that is installed here: `wechat-oauth 1.5.0`. */
export function versioned(competitor: Competitor): string {
  return `${competitor} ${versionIn(`${benchFolder}node_modules/${competitor}`)}`
}

/** Name and version of one of ours: `@wechat-auth/wechat-oauth 0.1.0`. */
export function ours(folder: string): string {
  return `@wechat-auth/${folder} ${versionIn(`${rootFolder}packages/${folder}`)}`
}

function versionIn(folder: string): string {
  const { version } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')) as { version: string }
  return version
}

/** By the name under which they are started, what they are called in a report; ours first. */
export function clientsOf(own: string, competitors: readonly Competitor[]): Map<string, string> {
  return new Map([['ours', own], ...competitors.map((name) => [name, versioned(name)] as const)])
}
