import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { root } from '../helpers/run.js'

const cache = join(root, 'node_modules', '.cache', 'wechat-auth-services')

/**
 * Returns a folder that is filled once and kept until the dependencies are installed again.
 *
 * @param fill - fills an empty folder. If several processes fill it at the same time, the first one wins
 */
export async function cachedFolder(name: string, fill: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(cache, name)
  if (await exists(folder)) return folder
  await mkdir(cache, { recursive: true })
  const draft = await mkdtemp(join(cache, `${name}-`))
  try {
    await fill(draft)
    await rename(draft, folder).catch(async (error: unknown) => {
      if (!(await exists(folder))) throw error
    })
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
  return folder
}

export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
