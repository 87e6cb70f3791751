import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { root } from '../../helpers/run.js'

export interface Block {
  /** The word behind the fence, e.g. `js`. */
  language: string
  code: string
  /** Text of the heading above. */
  heading: string
}

/** A table: its rows of cells, without the line below the head. */
export interface Table {
  rows: string[][]
  heading: string
}

export interface Readme {
  /** From the root of the repository. */
  path: string
  headings: { level: number; text: string; anchor: string }[]
  blocks: Block[]
  tables: Table[]
  /** Targets of the links outside of code. */
  links: string[]
  /** Lines of lists. */
  items: string[]
  /** Lines that are none of these: a paragraph is one line. */
  paragraphs: string[]
}

export const english = 'README.md'
export const chinese = 'README.zh-CN.md'

/** Folders with a README: the root, the packages, the examples. From the root of the repository. */
export function folders(): string[] {
  const inside = ['packages', 'examples'].flatMap((parent) =>
    readdirSync(join(root, parent), { withFileTypes: true })
      .filter(
        (entry) =>
          entry.isDirectory() && readdirSync(join(root, parent, entry.name)).includes('package.json'),
      )
      .map(({ name }) => join(parent, name)),
  )
  return ['.', ...inside]
}

/** A document in both languages; paths from the root of the repository. */
export interface Pair {
  name: string
  english: string
  chinese: string
}

/** READMEs, and the pages in `docs` and its folders. */
export function pairs(): Pair[] {
  const readmes = folders().map((folder) => ({
    name: `the READMEs of ${folder === '.' ? 'the repository' : folder}`,
    english: join(folder, english),
  }))
  const pages = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md') && !file.endsWith('.zh-CN.md'))
    .map((file) => join('docs', file))
    .map((file) => ({ name: `the pages ${file}`, english: file }))
  return [...readmes, ...pages].map((pair) => ({ ...pair, chinese: inChinese(pair.english) }))
}

/** The name of the same document in Chinese. */
export function inChinese(path: string): string {
  return path.replace(/\.md$/, '.zh-CN.md')
}

export function readmeOf(folder: string, file: string): Readme {
  return read(join(folder, file))
}

/** Reads a Markdown file as far as READMEs use it: headings, fenced code, tables, lists, links. */
export function read(path: string): Readme {
  const readme: Readme = { path, headings: [], blocks: [], tables: [], links: [], items: [], paragraphs: [] }
  const anchors = new Map<string, number>()
  let heading = ''
  let block: { language: string; indent: string; lines: string[] } | undefined
  let table: Table | undefined
  for (const line of readFileSync(join(root, path), 'utf8').split('\n')) {
    // In a list, code is indented.
    const [, indent = '', fence] = /^(\s*)```(.*)$/.exec(line) ?? []
    if (fence !== undefined) {
      if (block) readme.blocks.push({ language: block.language, code: block.lines.join('\n'), heading })
      block = block ? undefined : { language: fence.trim(), indent, lines: [] }
      continue
    }
    if (block) {
      block.lines.push(line.startsWith(block.indent) ? line.slice(block.indent.length) : line)
      continue
    }
    const [, marks, text] = /^(#+) (.*)$/.exec(line) ?? []
    if (marks !== undefined && text !== undefined) {
      heading = text
      const slug = anchorOf(text)
      const before = anchors.get(slug) ?? 0
      anchors.set(slug, before + 1)
      readme.headings.push({ level: marks.length, text, anchor: before === 0 ? slug : `${slug}-${before}` })
    }
    if (line.startsWith('|')) {
      if (!table) readme.tables.push((table = { rows: [], heading }))
      if (!/^[|\s:-]+$/.test(line) || !line.includes('---')) table.rows.push(cellsOf(line))
    } else {
      table = undefined
    }
    if (/^(?:\*|\d+\.) /.test(line)) readme.items.push(line)
    else if (marks === undefined && !table && line !== '') readme.paragraphs.push(line)
    readme.links.push(
      ...[...line.replace(/`[^`]*`/g, '`').matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target),
    )
  }
  if (block) throw new Error(`${path} has a block of code that does not end`)
  return readme
}

/** What GitHub makes of a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
    .replaceAll(' ', '-')
}

function cellsOf(line: string): string[] {
  return line
    .trim()
    .replace(/^\||\|$/g, '')
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll('\\|', '|'))
}

/** The pieces of a text that are set as code. */
export function codeIn(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code)
}

/** The rows of the first table, or the one of another place, below a heading; without its head. */
export function tableOf(readme: Readme, heading: RegExp, place = 0): string[][] {
  const table = readme.tables.filter((one) => heading.test(one.heading))[place]
  if (!table) throw new Error(`${readme.path} has no table ${place} below a heading like ${heading.source}`)
  return table.rows.slice(1)
}

/** The code in the cells of one column. */
export function column(rows: readonly string[][], index: number): string[] {
  return rows.flatMap((cells) => codeIn(cells[index] ?? ''))
}

export function blockOf(readme: Readme, heading: RegExp, place = 0): string {
  const block = readme.blocks.filter(
    ({ language, heading: above }) => language === 'js' && heading.test(above),
  )[place]
  if (!block)
    throw new Error(`${readme.path} has no JavaScript ${place} below a heading like ${heading.source}`)
  return block.code
}

/** Where a link from this file leads: a path from the root, and what follows the `#`. */
export function resolveLink(readme: Readme, target: string): { path: string; anchor: string | undefined } {
  const [path = '', anchor] = target.split('#')
  return {
    path: path === '' ? readme.path : join(dirname(readme.path), path),
    anchor: anchor === undefined ? undefined : decodeURIComponent(anchor),
  }
}

export function isRelative(target: string): boolean {
  return !/^[a-z][a-z+.-]*:/i.test(target)
}
