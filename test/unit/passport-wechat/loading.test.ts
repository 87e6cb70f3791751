import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { runOrThrow } from '../../helpers/run.js'

async function print(fixture: string, ...options: string[]): Promise<unknown> {
  const script = fileURLToPath(new URL(`fixtures/${fixture}`, import.meta.url))
  return JSON.parse(await runOrThrow(process.execPath, [...process.execArgv, script, ...options]))
}

describe('loading the strategy', () => {
  it('does not make Node.js load modules that a login does not need', async () => {
    expect(await print('what-is-read.ts')).to.deep.equal([])
  })
})

describe('loading WechatLogin', () => {
  it('does not load passport-oauth2, which the strategy needs', async () => {
    const loaded = (entry: string) => print('what-is-loaded.ts', entry)
    expect(await loaded('@wechat-auth/passport-wechat')).to.include('passport-oauth2')
    expect(await loaded('@wechat-auth/passport-wechat/web')).not.to.include('passport-oauth2')
  })
})
