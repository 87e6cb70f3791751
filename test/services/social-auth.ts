import { join } from 'node:path'
import type { Context } from 'mocha'
import { run } from '../helpers/run.js'
import { unpackedDebianPackages, unpackedProgram } from './debian.js'
import { announce, climb, orSkip, share } from './ladder.js'
import type { Program } from './program.js'

/** A Python interpreter that can import python-social-auth. */
export interface SocialAuth extends Program {
  version: string
}

const packageName = 'python3-social-auth-core'
// Debian's packages work only with Debian's Python, which may not be the first on the PATH.
const systemPython: Program = { path: '/usr/bin/python3', env: {} }

/** Finds python-social-auth as Debian packages it. If it is not available, skips the test, or from a `before` hook its suite. */
export async function socialAuth(context: Context): Promise<SocialAuth> {
  return orSkip(context, () =>
    share(packageName, async () => {
      const found = await climb<SocialAuth>(
        'python-social-auth',
        [
          { name: 'machine', get: () => usable(systemPython) },
          { name: 'Debian packages', get: unpacked },
        ],
        `apt-get install ${packageName}`,
      )
      announce('python-social-auth', found.path, found.version)
      return found
    }),
  )
}

async function unpacked(): Promise<SocialAuth | string> {
  const folder = await unpackedDebianPackages('social-auth', [[packageName]])
  if (typeof folder !== 'string') return folder.missing
  // If the machine has no Python, the packages include one.
  const { path, env } = (await unpackedProgram(folder, ['python3'])) ?? systemPython
  return usable({ path, env: { ...env, PYTHONPATH: join(folder, 'usr/lib/python3/dist-packages') } })
}

async function usable(python: Program): Promise<SocialAuth | string> {
  try {
    const { code, stdout, stderr } = await run(
      python.path,
      ['-c', 'import social_core.backends.weixin; print(social_core.__version__)'],
      { env: python.env },
    )
    return code === 0
      ? { ...python, version: stdout.trim() }
      : (stderr.trim().split('\n').at(-1) ?? 'cannot be imported')
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
