import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { root, run } from '../helpers/run.js'
import { addFixtures, env, packages, project } from './packed.js'

interface Recipe {
  command: string
  plugin: string
  config: Record<string, unknown>
}

/** The recipe is taken from the README, so that what is tested is what users read. */
async function readRecipe(file: string): Promise<Recipe> {
  const text = await readFile(`${root}packages/passport-wechat/${file}`, 'utf8')
  const [, section = ''] = text.split(/^### .*Jest.*$/m)
  const [command, install, config] = [...section.matchAll(/^```(?:sh|json)\n(.*?)^```$/gms)].map(
    ([, code = '']) => code.trim(),
  )
  return {
    command: command!,
    plugin: install!.split(' ').at(-1)!,
    config: JSON.parse(config!) as Record<string, unknown>,
  }
}

describe("an application's Jest", function () {
  this.timeout(300_000)

  let folder: string
  let recipe: Recipe
  before(async function () {
    recipe = await readRecipe('README.md')
    folder = await project(this, [...packages.keys()], ['jest@30', recipe.plugin])
    await addFixtures(folder, 'jest')
  })

  async function jest(command: string, ...files: string[]): Promise<void> {
    const { code, stderr } = await run('sh', ['-c', `${command} --runTestsByPath ${files.join(' ')}`], {
      cwd: folder,
      env: { ...env, FORCE_COLOR: '0' },
    })
    expect(code, stderr).to.equal(0)
    expect(stderr).to.match(new RegExp(`^Test Suites: ${files.length} passed, ${files.length} total$`, 'm'))
  }

  it('has the same recipe in both languages', async () => {
    expect(await readRecipe('README.zh-CN.md')).to.deep.equal(recipe)
  })

  it('loads the packages by import with one variable set', async () => {
    await jest(recipe.command, 'jest/import.test.mjs', 'jest/dynamic-import.test.js')
  })

  it('loads the packages by require with the configuration of the README', async () => {
    const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as object
    await writeFile(join(folder, 'package.json'), JSON.stringify({ ...manifest, ...recipe.config }))
    await jest('npx jest', 'jest/require.test.js')
  })
})
