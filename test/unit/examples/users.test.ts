import type { WechatProfile } from '@wechat-auth/passport-wechat'
import { expect } from 'chai'
import { UserTable } from '../../../examples/express/src/users.js'

describe('The users of the Express example', () => {
  let users: UserTable

  beforeEach(() => {
    users = new UserTable()
  })

  const profile = (parts: Partial<WechatProfile> = {}): WechatProfile => {
    const openid = parts.openid ?? 'o1'
    return {
      provider: 'wechat',
      id: openid,
      displayName: 'Alice',
      appId: 'wx1',
      mode: 'mp',
      openid,
      _raw: '{}',
      _json: { openid },
      ...parts,
    }
  }

  it('are found by their openid in the app', async () => {
    const first = await users.loggedIn(profile())
    const again = await users.loggedIn(profile())

    expect(again.id).to.equal(first.id)
    expect(again.accounts).to.deep.equal([{ mode: 'mp', appId: 'wx1', openid: 'o1', logins: 2 }])
    expect(await users.find(first.id)).to.equal(again)
  })

  it('are different if the same openid comes from another app', async () => {
    expect((await users.loggedIn(profile())).id).not.to.equal(
      (await users.loggedIn(profile({ appId: 'wx2' }))).id,
    )
  })

  it('are matched by unionid across apps', async () => {
    const onWebsite = await users.loggedIn(
      profile({ appId: 'wx2', mode: 'website', openid: 'o2', unionid: 'u' }),
    )
    const inWechat = await users.loggedIn(profile({ unionid: 'u' }))

    expect(inWechat.id).to.equal(onWebsite.id)
    expect(inWechat.accounts).to.have.length(2)
  })

  it('stay who they are when their unionid appears later, even if somebody else has it by then', async () => {
    const early = await users.loggedIn(profile())
    const other = await users.loggedIn(profile({ appId: 'wx2', openid: 'o2', unionid: 'u' }))
    const later = await users.loggedIn(profile({ unionid: 'u' }))

    expect(later.id).to.equal(early.id).and.not.equal(other.id)
    expect(later.unionid).to.equal('u')
  })

  it('are not matched by having no unionid', async () => {
    expect((await users.loggedIn(profile())).id).not.to.equal(
      (await users.loggedIn(profile({ openid: 'o2' }))).id,
    )
  })

  it('keep name and picture when a login brings none', async () => {
    await users.loggedIn(profile({ unionid: 'u', photos: [{ value: 'https://thirdwx.qlogo.cn/1' }] }))
    const user = await users.loggedIn(
      profile({ appId: 'wx3', mode: 'miniprogram', openid: 'o3', unionid: 'u', displayName: '' }),
    )

    expect(user).to.include({ name: 'Alice', picture: 'https://thirdwx.qlogo.cn/1' })
  })
})
