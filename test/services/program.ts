import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { delimiter, join } from 'node:path'

/** A program of this machine, and what its environment must have for it to start. */
export interface Program {
  path: string
  env: Record<string, string>
}

/** Folders of servers, which are not on everybody's PATH. */
const serverFolders = ['/usr/local/sbin', '/usr/sbin']

/** The first of the names that can be run. */
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
