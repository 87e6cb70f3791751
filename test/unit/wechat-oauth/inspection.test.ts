import { inspect } from 'node:util'
import { MemoryTokenStore, WechatOAuth } from '@wechat-auth/wechat-oauth'
import { expect } from 'chai'
import { appSecret, client, code, openid, record, tokenReply } from '../../helpers/wechat-replies.js'

const shown = (value: unknown): string =>
  [
    inspect(value),
    inspect(value, { depth: 20, showHidden: true, getters: true }),
    JSON.stringify(value),
    String(value),
    JSON.stringify(Object.entries(value as object)),
    JSON.stringify({ ...(value as object) }),
  ].join('\n')

describe('inspecting', () => {
  it('a client shows the appId and no secret', async () => {
    const oauth = client({
      tokenStore: new MemoryTokenStore(),
      timeout: 4321,
      logger: { debug: () => {}, warn: () => {} },
      fetch: async () => Promise.resolve(Response.json(tokenReply())),
    })
    await oauth.getAccessToken(code)
    const text = shown(oauth)
    expect(text).to.contain('wx00000000000000aa')
    for (const secret of [appSecret, code, 'ACCESS-TOKEN', 'REFRESH-TOKEN', '4321'])
      expect(text).to.not.contain(secret)
  })

  it('a client through an object that holds it shows no secret', () => {
    expect(inspect({ app: { locals: [client()] } }, { depth: 20, showHidden: true })).to.not.contain(
      appSecret,
    )
  })

  it('a subclass of the client shows no secret', () => {
    class Own extends WechatOAuth {
      readonly mine = 1
    }
    expect(shown(new Own({ appId: 'wx1', appSecret })))
      .to.contain('mine')
      .and.not.contain(appSecret)
  })

  it('a memory store shows no token', async () => {
    const store = new MemoryTokenStore()
    await store.saveToken(openid, record({ session_key: 'the-session-key' }))
    await store.withLock('lock', async () => {
      for (const secret of ['stored-access-token', 'stored-refresh-token', 'the-session-key', openid])
        expect(shown(store)).to.not.contain(secret)
      return Promise.resolve()
    })
  })
})
