import { cell } from './print.js'
import type { Result } from './results.js'

/** What a page says in its language, of what the results say in English. */
export type Translate = (text: string) => string

function begin(benchmark: string): string {
  return `<!-- measured: ${benchmark} -->`
}

const end = '<!-- /measured -->'

/** The page with the table of each result between its markers. A result without markers is not in the page. */
export function withMeasured(
  page: string,
  results: ReadonlyMap<string, Result>,
  translate: Translate = (text) => text,
): string {
  return page.replace(/<!-- measured: ([\w-]+) -->\n[^]*?<!-- \/measured -->/g, (_old, benchmark: string) => {
    const result = results.get(benchmark)
    if (!result) throw new Error(`The page has a place for ${benchmark}, of which there is no result`)
    return `${begin(benchmark)}\n${markdownTable(result, translate)}\n${end}`
  })
}

/** Rows are what was measured, columns are the subjects. */
export function markdownTable(
  { benchmark, subjects, rows, notes, machine, node, date }: Result,
  translate: Translate,
): string {
  const [ours = ''] = subjects
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`
  return [
    line([`\`npm run bench -- ${benchmark}\``, ...subjects.map(translate)]),
    line(['---', ...subjects.map(() => '---')]),
    ...rows.map((row) =>
      line([
        translate(row.what) + (row.unit === '' ? '' : ` (${translate(row.unit)})`),
        ...subjects.map((subject) => translate(cell(row, subject, ours))),
      ]),
    ),
    '',
    ...notes.map((note) => `* ${translate(note)}`),
    '',
    `<sub>${date}, Node.js ${node}, ${machine}</sub>`,
  ].join('\n')
}
