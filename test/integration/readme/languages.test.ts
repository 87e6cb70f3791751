import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { root } from '../../helpers/run.js'
import { chinese, codeIn, english, folders, isRelative, read, readmeOf, resolveLink, type Block, type Readme } from './markdown.js'

/** Comments are in the README's language. */
function withoutComments({ language, code }: Block): string {
  const comment = language === 'sh' ? /(?:^|\s+)#.*$/gm : /(?:^|\s+)\/\/.*$/gm
  return code.replace(comment, '')
}

function documents(readme: Readme): string[] {
  return readme.links.map((target) => (isRelative(target) ? resolveLink(readme, target).path : target).replaceAll('.zh-CN.md', '.md')).sort()
}

for (const folder of folders()) {
  describe(`the READMEs of ${folder === '.' ? 'the repository' : folder}`, () => {
    let en: Readme
    let zh: Readme
    before(() => {
      en = readmeOf(folder, english)
      zh = readmeOf(folder, chinese)
    })

    it('have the same sections in both languages', () => {
      expect(zh.headings.map(({ level }) => level)).to.deep.equal(en.headings.map(({ level }) => level))
    })

    it('have the same code in both languages, comments apart', () => {
      expect(zh.blocks.map(({ language }) => language)).to.deep.equal(en.blocks.map(({ language }) => language))
      expect(zh.blocks.map(withoutComments)).to.deep.equal(en.blocks.map(withoutComments))
    })

    it('have the same tables in both languages, row by row', () => {
      const shape = ({ tables }: Readme): unknown => tables.map(({ rows }) => rows.map((cells) => [cells.length, codeIn(cells[0] ?? '')]))
      expect(shape(zh)).to.deep.equal(shape(en))
    })

    it('have the same lists in both languages', () => {
      expect(zh.items).to.have.length(en.items.length)
    })

    it('link to the same documents in both languages, to each in its own', () => {
      expect(documents(zh)).to.deep.equal(documents(en))
      const foreign = (readme: Readme, language: string): string[] =>
        readme.links.filter((target) => isRelative(target) && resolveLink(readme, target).path.endsWith(language))
      expect(foreign(zh, english)).to.deep.equal([english])
      expect(foreign(en, chinese)).to.deep.equal([chinese])
    })

    for (const file of [english, chinese]) {
      it(`link to files and sections that exist: ${file}`, () => {
        const readme = readmeOf(folder, file)
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
