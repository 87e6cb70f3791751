import { MemorySessionStore, WechatSessions, type Identified } from '@wechat-auth/wechat-session'
import { expect } from 'chai'
import { FakeWechat } from '../../helpers/fake-wechat.js'
import { rejection } from '../../helpers/rejection.js'
import { client, sessionReply } from '../../helpers/wechat-replies.js'
import { alice, code } from './setting.js'

interface Row extends Identified {
  id: bigint
  name: string
}

function sessionsOf<User extends Identified>(user: User): WechatSessions<User> {
  const wechat = new FakeWechat()
  wechat.replies['/sns/jscode2session'] = sessionReply({ openid: alice })
  let made: User | undefined
  return new WechatSessions<User>({
    oauth: client({ fetch: wechat.fetch }),
    sessionStore: new MemorySessionStore(),
    sku: 'shop',
    findUser: () => made,
    createUser: () => {
      made = user
      return user
    },
  })
}

describe('a user id that is a bigint', () => {
  // Too large for a number.
  const id = 9_223_372_036_854_775_807n
  const user: Row = { id, name: 'Alice' }

  it('is kept as a decimal string, and the user is returned unchanged', async () => {
    const sessions = sessionsOf(user)
    const login = await sessions.authorize({ code })
    expect(login.user).to.equal(user)
    const session = (await sessions.getSession(login.token))!
    expect(session.userId).to.equal('9223372036854775807')
    expect(await sessions.getUser(session)).to.equal(user)
  })

  it('is accepted by every method that takes an id', async () => {
    const sessions = sessionsOf(user)
    await sessions.authorize({ code })
    const { token } = await sessions.issueTokenFor(id, { openid: alice })
    const listed = await sessions.listSessions(id)
    expect(listed).to.have.lengthOf(2)
    expect(await sessions.listSessions(String(id))).to.deep.equal(listed)
    expect(await sessions.revokeSession(id, listed[0]!.id!)).to.equal(true)
    await sessions.revokeUser(id)
    expect(await sessions.isTokenValid(token)).to.equal(false)
  })

  it('is the same user as the equal number and string', async () => {
    const sessions = sessionsOf({ id: 7n })
    const { token } = await sessions.authorize({ code })
    expect(await sessions.listSessions(7)).to.have.lengthOf(1)
    await sessions.revokeUser('7')
    expect(await sessions.isTokenValid(token)).to.equal(false)
  })

  it('must not exceed the length of other ids', async () => {
    const long = 10n ** 256n
    const rule = 'a non-empty string of at most 256 characters, a safe integer or a bigint'
    const error = await rejection(sessionsOf({ id: long }).authorize({ code }))
    const message = `createUser must return a user with an id: ${rule}`
    expect(error).to.include({ code: 'ERR_WECHAT_CONFIG', message })
    const wrong = await rejection(sessionsOf(user).revokeUser(long), TypeError)
    expect(wrong.message).to.equal(`userId must be ${rule}`)
    await sessionsOf(user).revokeUser(long - 1n)
  })
})
