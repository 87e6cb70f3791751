import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'

const folder = fileURLToPath(new URL('screenshots/', import.meta.url))

/** Keeps a picture of the whole page in a folder that git ignores. */
export async function picture(page: Page, name: string): Promise<void> {
  const size = page.viewportSize()
  if (size) {
    // A frame below the fold is not painted, whatever `fullPage` says.
    const height = await page.evaluate(() => document.documentElement.scrollHeight)
    await page.setViewportSize({ ...size, height: Math.max(height, size.height) })
    await page.evaluate(
      () => new Promise((painted) => requestAnimationFrame(() => requestAnimationFrame(painted))),
    )
  }
  await page.screenshot({ path: `${folder}${name.replace(/[^\p{L}\p{N}]+/gu, '-')}.png`, fullPage: true })
  if (size) await page.setViewportSize(size)
}
