import { readdirSync } from 'node:fs'
import { expect } from 'chai'
import { ESLint } from 'eslint'
import { root } from '../helpers/run.js'

// The rules which keep the shape of the repository, each tried on a line that breaks it.
describe('the lint rules', function () {
  this.timeout(120_000)

  // Without type information: these rules need none, and a program of types for each line would take minutes.
  const eslint = new ESLint({
    cwd: root,
    overrideConfig: { languageOptions: { parserOptions: { project: null } } },
    ruleFilter: ({ ruleId }) => ruleId === 'no-restricted-imports' || ruleId === 'no-restricted-syntax',
  })

  async function complaints(filePath: string, code: string): Promise<string[]> {
    const [result] = await eslint.lintText(code, { filePath })
    return result!.messages.map(({ ruleId, message }) => ruleId ?? message)
  }

  const refused = {
    'packages/wechat-oauth/src/index.ts': [
      "import '@wechat-auth/passport-wechat'",
      "import '@wechat-auth/wechat-sandbox'",
      "export * from '@wechat-auth/wechat-sandbox'",
      "import '../../passport-wechat/src/index.js'",
    ],
    'packages/passport-wechat/src/index.ts': [
      "import '@wechat-auth/wechat-sandbox'",
      "import type { Sandbox } from '@wechat-auth/wechat-sandbox'",
      "import '@wechat-auth/wechat-sandbox/package.json'",
      "import '../../wechat-oauth/src/index.js'",
    ],
    'packages/wechat-sandbox/src/index.ts': ["import '@wechat-auth/wechat-oauth'", "import '@wechat-auth/passport-wechat'"],
    'packages/store-redis/src/index.ts': ["import '@wechat-auth/store-mysql'", "import '@wechat-auth/passport-wechat'"],
  }
  for (const [file, lines] of Object.entries(refused)) {
    for (const line of lines) {
      it(`refuse "${line}" in ${file}`, async () => {
        expect(await complaints(file, `${line}\n`)).to.deep.equal(['no-restricted-imports'])
      })
    }
  }

  it('let passport-wechat import wechat-oauth by its name', async () => {
    expect(await complaints('packages/passport-wechat/src/index.ts', "import '@wechat-auth/wechat-oauth'\n")).to.deep.equal([])
  })

  it('know every package', async () => {
    for (const name of readdirSync(`${root}packages`)) {
      const file = `packages/${name}/src/index.ts`
      expect(await complaints(file, "import '../../somewhere/../wechat-oauth/src/index.js'\n"), name).to.deep.equal(['no-restricted-imports'])
    }
  })

  it('refuse a test that reaches into a package, as it would miss the built one', async () => {
    expect(await complaints('test/setup.ts', "import '../packages/wechat-oauth/src/index.js'\n")).to.deep.equal(['no-restricted-imports'])
  })

  for (const line of ['it.skip("a", () => {})', 'describe.skip("a", () => {})', 'xit("a", () => {})', 'it("a")', 'it("a", function () { this.skip() })']) {
    it(`refuse "${line}", which skips without a reason`, async () => {
      expect(await complaints('test/setup.ts', `${line}\n`)).to.deep.equal(['no-restricted-syntax'])
    })
  }
})
