import { expect } from 'chai'
import { startSandbox } from '@wechat-auth/wechat-sandbox'
import { blockOf, column, type Readme } from './markdown.js'
import { runModule } from './running.js'
import { Source } from './sources.js'

/**
 * Runs the first snippet of a store's README unchanged, in a separate process, and has its `oauth` log somebody in.
 *
 * @param rest - what comes behind it: has the user's `openid`, ends the connection
 * @returns what was printed
 */
export async function keepToken(readme: Readme, rest: string, env: Record<string, string>): Promise<string> {
  const sandbox = await startSandbox({ apps: [{ appId: 'wx…', appSecret: '…', type: 'mp' }] })
  try {
    const code = sandbox.issueCode({ appId: 'wx…', user: 'alice' })
    const { printed } = await runModule(
      `${blockOf(readme, /^@wechat-auth/)}
      const { openid } = await oauth.getAccessToken(${JSON.stringify(code)})
      ${rest}`,
      { env, wechat: sandbox.url },
    )
    return printed.trim()
  } finally {
    await sandbox.close()
  }
}

/**
 * Expects a table to name all options of a store, and the defaults of those that have one.
 *
 * @param rows - options in the first column, defaults in the second or the one at `place`
 * @param store - the class; its options are an interface named after it
 * @param path - its source, below `packages/`
 * @param parameter - how its constructor takes the options, with their defaults
 */
export function expectOptions(
  rows: readonly string[][],
  { store, path, parameter }: { store: string; path: string; parameter: string },
  place = 1,
): void {
  const source = new Source(path)
  expect(column(rows, 0)).to.deep.equal(source.members(`${store}Options`))
  expect(column(rows, place)).to.deep.equal(
    [...parameter.matchAll(/ = ('[^']*'|\d+)/g)].map(([, value]) => value),
  )
  expect(source.text).to.contain(parameter)
}
