import { readFileSync, writeFileSync } from 'node:fs'
import { chart } from './chart.js'
import { resultsFolder, rootFolder } from './folders.js'
import { withMeasured } from './markdown.js'
import { overview } from './overview.js'
import { savedResults } from './results.js'

const languages = [
  { language: 'en', ending: '', title: 'wechat-auth compared with the packages that people use today' },
  { language: 'zh', ending: '.zh-CN', title: 'wechat-auth 与现有的软件包' },
] as const

/** Writes the saved results into docs/comparison.md and draws the overview, in both languages. */
export function writePages(): void {
  const results = savedResults()
  for (const { language, ending, title } of languages) {
    const page = `${rootFolder}docs/comparison${ending}.md`
    writeFileSync(page, withMeasured(readFileSync(page, 'utf8'), results))
    writeFileSync(`${resultsFolder}overview${ending}.svg`, chart(overview(results, language), title))
  }
}
