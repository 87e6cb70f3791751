import { Browser } from '../../helpers/browser.js'
import { consent } from '../../helpers/consent.js'
import type { Readme } from './markdown.js'

/** The blocks of code below the heading "Quick start", in their order. */
export interface QuickStart {
  /** The names of the packages to install. */
  packages: string[]
  /** The name of the file. */
  file: string
  program: string
  /** The changes for the real WeChat, in lines that start with `-` or `+`. */
  changes: string[]
}

/** Reads the quick start of a README. */
export function quickStartOf(readme: Readme): QuickStart {
  const blocks = readme.blocks.filter(({ heading }) => /^(?:Quick start|快速上手)$/.test(heading))
  const [install, program, start, changes] = blocks
  const [, names] = /^npm install (.+)$/.exec(install?.code ?? '') ?? []
  const [, file] = /^node (\S+)$/.exec(start?.code ?? '') ?? []
  if (names === undefined || program?.language !== 'js' || file === undefined || changes?.language !== 'diff')
    throw new Error(`${readme.path} has another quick start`)
  return { packages: names.split(' '), file, program: program.code, changes: changes.code.split('\n') }
}

/** Makes the changes for the real WeChat: a new line replaces the old one of the same option. */
export function forRealWechat({ program, changes }: QuickStart): string {
  const option = (line: string): string => line.replace(/:.*$/, '')
  const added = changes.filter((line) => line.startsWith('+')).map((line) => line.slice(1))
  const removed = changes.filter((line) => line.startsWith('-')).map((line) => line.slice(1))
  const lines = program.split('\n').flatMap((line) => {
    if (!removed.includes(line)) return [line]
    removed.splice(removed.indexOf(line), 1)
    return added.filter((one) => option(one) === option(line))
  })
  if (removed.length > 0) throw new Error(`the program has no line ${removed.join('\n')}`)
  return lines.join('\n')
}

/** What a user sees in a browser before and after the login: opens the address, clicks the link, and allows the login. */
export async function logIn(url: string): Promise<{ link: string; user: unknown }> {
  const browser = new Browser(url)
  const { text } = await browser.open('/')
  const [, path = '', link = ''] = /<a href="([^"]+)">([^<]+)<\/a>/.exec(text) ?? []
  const { location: page } = await browser.open(path)
  if (!page) throw new Error('the link does not lead to WeChat')
  const { location: home } = await browser.open(await consent(page.origin, page))
  if (!home) throw new Error('the callback does not lead on')
  return { link, user: (await browser.open(home)).json }
}
