import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { root } from '../../helpers/run.js'
import {
  codeIn,
  inChinese,
  isRelative,
  pairs,
  read,
  resolveLink,
  type Block,
  type Readme,
} from './markdown.js'

/** Comments are in the README's language. */
function withoutComments({ language, code }: Block): string {
  const comment = language === 'sh' ? /(?:^|\s+)#.*$/gm : /(?:^|\s+)\/\/.*$/gm
  return code.replace(comment, '')
}

function documents(readme: Readme): string[] {
  return readme.links
    .map((target) =>
      (isRelative(target) ? resolveLink(readme, target).path : target).replace(/\.zh-CN(?=\.\w+$)/, ''),
    )
    .sort()
}

/** Documents that there are in both languages, of those that this one links to. */
function translated(readme: Readme): string[] {
  const paths = readme.links.filter(isRelative).map((target) => resolveLink(readme, target).path)
  return paths.filter(
    (path) => path.endsWith('.zh-CN.md') || (path.endsWith('.md') && existsSync(join(root, inChinese(path)))),
  )
}

for (const { name, english, chinese } of pairs()) {
  describe(name, () => {
    let en: Readme
    let zh: Readme
    before(() => {
      en = read(english)
      zh = read(chinese)
    })

    it('have the same sections in both languages', () => {
      expect(zh.headings.map(({ level }) => level)).to.deep.equal(en.headings.map(({ level }) => level))
    })

    it('have the same code in both languages, comments apart', () => {
      expect(zh.blocks.map(({ language }) => language)).to.deep.equal(
        en.blocks.map(({ language }) => language),
      )
      expect(zh.blocks.map(withoutComments)).to.deep.equal(en.blocks.map(withoutComments))
    })

    it('have the same tables in both languages, row by row', () => {
      const shape = ({ tables }: Readme): unknown =>
        tables.map(({ rows }) => rows.map((cells) => [cells.length, codeIn(cells[0] ?? '')]))
      expect(shape(zh)).to.deep.equal(shape(en))
    })

    it('have the same lists in both languages', () => {
      expect(zh.items).to.have.length(en.items.length)
    })

    it('link to the same documents in both languages, to each in its own', () => {
      expect(documents(zh)).to.deep.equal(documents(en))
      const isChinese = (path: string): boolean => path.endsWith('.zh-CN.md')
      expect(translated(zh).filter((path) => !isChinese(path))).to.deep.equal([english])
      expect(translated(en).filter(isChinese)).to.deep.equal([chinese])
    })

    for (const file of [english, chinese]) {
      it(`link to files and sections that exist: ${file}`, () => {
        const readme = read(file)
        const broken = readme.links.filter(isRelative).filter((target) => {
          const { path, anchor } = resolveLink(readme, target)
          if (!existsSync(join(root, path))) return true
          return anchor !== undefined && !read(path).headings.some((heading) => heading.anchor === anchor)
        })
        expect(broken).to.deep.equal([])
      })
    }
  })
}
