import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { delimiter, join } from 'node:path'

/** A program on this machine, with the environment that it needs. */
export interface Program {
  path: string
  env: Record<string, string>
}

/** Folders of servers that may not be on the PATH. */
const serverFolders = ['/usr/local/sbin', '/usr/sbin']

/** Returns the path of the first of these programs that can be run. */
export async function findProgram(
  names: readonly string[],
  folders = [...(process.env.PATH ?? '').split(delimiter), ...serverFolders],
): Promise<string | undefined> {
  for (const name of names) {
    for (const folder of folders) {
      const path = join(folder, name)
      if (
        folder !== '' &&
        (await access(path, constants.X_OK).then(
          () => true,
          () => false,
        ))
      )
        return path
    }
  }
  return undefined
}
