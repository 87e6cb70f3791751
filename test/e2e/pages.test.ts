import { expect } from 'chai'
import type { Page } from 'playwright-core'
import { picture } from './pictures.js'
import { sights, type Sight } from './sights.js'
import { useStage, type Scene } from './stage.js'
import { variants } from '../helpers/long.js'

const sizes = { phone: { width: 375, height: 667 }, desktop: { width: 1280, height: 800 } }

/** Chinese that belongs on an English page: the link to the other language, and a button of WeChat's. */
const foreign = /中文|使用完整服务/g

describe('Every page', () => {
  const play = useStage()

  for (const [group, members] of Object.entries(sights)) {
    it(
      `fits phones and desktops, in both languages: ${group}`,
      play(async (scene) => {
        const page = await (await scene.device({ viewport: sizes.desktop })).newPage()
        for (const sight of variants(members, (_sight, index) => index === 0)) {
          const english = await look(page, scene, sight, 'en')
          const chinese = await look(page, scene, sight, 'zh-CN')
          expect(
            english.filter((line) => /\p{sc=Han}/u.test(line.replace(foreign, ''))),
            `Chinese in the English of ${sight.name}`,
          ).to.deep.equal([])
          expect(
            chinese.filter((line) => /[a-z]+ [a-z]+ [a-z]+/i.test(line) && english.includes(line)),
            `English in the Chinese of ${sight.name}`,
          ).to.deep.equal([])
        }
      }),
    )
  }

  /** Looks at a sight in each size, and comes back with what it says, line by line. */
  async function look(
    page: Page,
    scene: Scene,
    { name, lead, headers = {} }: Sight,
    language: string,
  ): Promise<string[]> {
    await page.unrouteAll()
    await page.context().clearCookies()
    scene.sandbox.reset()
    await page.setExtraHTTPHeaders({ ...headers, 'accept-language': language })
    await lead(page, scene)
    expect(await page.locator('html').getAttribute('lang'), `language of ${name}`).to.equal(language)
    expect(await page.locator('h1').count(), `headings of ${name}`).to.equal(1)
    for (const [size, viewport] of Object.entries(sizes)) {
      await page.setViewportSize(viewport)
      for (const frame of page.frames()) {
        const { needed, given } = await frame.evaluate(() => ({
          needed: document.documentElement.scrollWidth,
          given: document.documentElement.clientWidth,
        }))
        expect(needed, `width of ${name} on a ${size}`).to.be.at.most(given)
      }
      if (process.env.SCREENSHOTS) await keep(page, `${name} ${language} ${size}`)
    }
    return linesOf(page)
  }

  async function keep(page: Page, name: string): Promise<void> {
    await picture(page, name)
    await page.emulateMedia({ colorScheme: 'dark' })
    await picture(page, `${name} dark`)
    await page.emulateMedia({ colorScheme: 'light' })
  }
})

/** What a page says, without code, names, and what WeChat says in Chinese only. */
async function linesOf(page: Page): Promise<string[]> {
  const text = await page.evaluate(() => {
    const others = 'code, pre, textarea, select, bdi, [aria-hidden], [data-testid="error-text"]'
    for (const element of document.querySelectorAll(others)) element.remove()
    return document.body.innerText
  })
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
}
