import { cell } from './print.js'
import type { Result } from './results.js'

function begin(benchmark: string): string {
  return `<!-- measured: ${benchmark} -->`
}

const end = '<!-- /measured -->'

/**
 * Returns the page with the table of each result between its markers. The tables are in English in every language; the text around
 * them explains them. A result without markers is not in the page.
 */
export function withMeasured(page: string, results: ReadonlyMap<string, Result>): string {
  return page.replace(/<!-- measured: ([\w-]+) -->\n[^]*?<!-- \/measured -->/g, (_old, benchmark: string) => {
    const result = results.get(benchmark)
    if (!result) throw new Error(`The page has markers for ${benchmark}, but there is no result`)
    return `${begin(benchmark)}\n${markdownTable(result)}\n${end}`
  })
}

/** Rows are what was measured, columns are the subjects. */
export function markdownTable({ benchmark, subjects, rows, notes, machine, node, date }: Result): string {
  const [ours = ''] = subjects
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`
  return [
    line([`\`npm run bench -- ${benchmark}\``, ...subjects]),
    line(['---', ...subjects.map(() => '---')]),
    ...rows.map((row) =>
      line([
        row.what + (row.unit === '' ? '' : ` (${row.unit})`),
        ...subjects.map((subject) => cell(row, subject, ours)),
      ]),
    ),
    '',
    ...notes.map((note) => `* ${note}`),
    '',
    `<sub>${date}, Node.js ${node}, ${machine}</sub>`,
  ].join('\n')
}
