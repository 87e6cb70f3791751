import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Context } from 'mocha'
import { run } from '../helpers/run.js'
import { cachedFolder } from './cache.js'
import { climb, orSkip, share } from './ladder.js'

// What our drop-in stands in for, with the HTTP client that it had last.
const packages = ['wechat-oauth@1.5.0', 'urllib@2.44.1']

/** The npm package `wechat-oauth`, installed for the tests; where it lies. The tests that need it are skipped where it is not to be had. */
export async function oldWechatOAuth(context: Context): Promise<string> {
  return orSkip(context, () => share('wechat-oauth', () => climb<string[]>('wechat-oauth', [{ name: 'npm', get: install }], 'the package registry must be reachable')
    .then(([folder = '']) => folder)))
}

async function install(): Promise<string[] | string> {
  try {
    const folder = await cachedFolder(packages.join('-'), async (draft) => {
      const { code, stderr } = await run('npm', [
        'install', '--prefix', draft, '--prefer-offline', '--no-save', '--no-package-lock', '--no-audit', '--no-fund', '--ignore-scripts', ...packages,
      ], { cwd: draft })
      if (code !== 0) throw new Error(stderr.trim().split('\n').filter((line) => line.startsWith('npm error')).slice(0, 3).join(' '))
    })
    return [createRequire(join(folder, 'index.js')).resolve('wechat-oauth')]
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
