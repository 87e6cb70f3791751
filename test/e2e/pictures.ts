import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'

const folder = fileURLToPath(new URL('screenshots/', import.meta.url))

/** Keeps a picture of the whole page in a folder that git ignores. */
export async function picture(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: `${folder}${name.replace(/[^\p{L}\p{N}]+/gu, '-')}.png`, fullPage: true })
}
