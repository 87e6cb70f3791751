import type { Bar, Panel } from './chart.js'
import { rounded } from './print.js'
import type { Row } from './report.js'
import type { Result } from './results.js'

type Language = 'en' | 'zh'

interface Choice {
  benchmark: string
  /** The start of the row's name. */
  row: string
  title: Record<Language, string>
  /** Columns that the chart leaves out. */
  without?: RegExp
}

/** A strategy that is measured only as a limit for ours. */
const baseline = /^a subclass of /

// The measurements that matter most to a reader.
const choices: readonly Choice[] = [
  {
    benchmark: 'login',
    row: 'CPU per login, no delay, one after',
    title: { en: 'CPU of a login', zh: '一次登录的 CPU 时间' },
    without: baseline,
  },
  {
    benchmark: 'login',
    row: 'latency, 30 ms away, one after',
    title: { en: 'A login, WeChat 30 ms away', zh: '一次登录（与微信往返 30 毫秒）' },
    without: baseline,
  },
  {
    benchmark: 'login',
    row: 'TLS handshakes in',
    title: { en: 'TLS handshakes in 200 logins', zh: '200 次登录的 TLS 握手次数' },
    without: baseline,
  },
  {
    benchmark: 'footprint',
    row: 'time to require',
    title: { en: 'Time to require', zh: 'require 用时' },
    without: /^(?:@wechat-auth\/)?(?:co-)?wechat-|^node-/,
  },
  {
    benchmark: 'refresh',
    row: 'refreshes',
    title: { en: 'Refreshes for 100 requests at once', zh: '100 个并发请求引起的刷新次数' },
  },
  {
    benchmark: 'sign',
    row: 'time until all',
    title: { en: '100 JS-SDK signatures at once, cold', zh: '冷启动后 100 个并发 JS-SDK 签名' },
  },
  {
    benchmark: 'memory',
    row: 'memory after 1,000,000',
    title: { en: 'Memory after a million users', zh: '一百万用户之后的内存' },
    without: /^ours with/,
  },
  {
    benchmark: 'sessions',
    row: 'a login, 1,000,000 sessions',
    title: { en: 'A login among a million sessions', zh: '一百万个会话中的一次登录' },
  },
]

/** The panels of the chart in the main README, except those without results. */
export function overview(results: ReadonlyMap<string, Result>, language: Language): Panel[] {
  return choices.flatMap(({ benchmark, row: beginning, title, without }) => {
    const result = results.get(benchmark)
    const row = result?.rows.find(({ what }) => what.startsWith(beginning))
    if (!result || !row) return []
    const [ours] = result.subjects
    const subjects = result.subjects.filter((subject) => subject === ours || without?.test(subject) !== true)
    return [
      {
        title: title[language],
        bars: subjects.flatMap((subject) => bar(row, subject, subject === ours)),
      },
    ]
  })
}

function bar({ values, unit }: Row, subject: string, isOurs: boolean): Bar | [] {
  const value = values[subject]
  if (typeof value !== 'object') return []
  // The page that the chart belongs to gives the versions.
  const label = isOurs ? 'wechat-auth' : subject.replace(/ [\d.]+$|,.*$/, '').replace(/^a /, '')
  return {
    label,
    value: value.median,
    text: `${rounded(value.median)}${unit === '' ? '' : ` ${unit}`}`,
    isOurs,
  }
}
