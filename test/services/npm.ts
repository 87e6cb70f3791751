import { run } from '../helpers/run.js'

/** Runs npm in a folder. @throws Error with npm's error lines when it fails */
export async function npm(folder: string, ...args: string[]): Promise<void> {
  const { code, stderr } = await run('npm', [...args, '--no-audit', '--no-fund'], { cwd: folder })
  if (code !== 0) throw new Error(npmErrors(stderr))
}

/** Returns the first of npm's error lines. The later ones only say where its log is. */
export function npmErrors(stderr: string): string {
  return stderr
    .trim()
    .split('\n')
    .filter((line) => line.startsWith('npm error'))
    .slice(0, 3)
    .join(' ')
}
