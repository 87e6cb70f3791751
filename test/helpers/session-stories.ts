import { WechatOAuth, type SessionStore, type UserStore } from '@wechat-auth/wechat-oauth'
import { WechatSessionError, WechatSessions } from '@wechat-auth/wechat-session'
import { expect } from 'chai'
import { FakeWechat } from './fake-wechat.js'
import { rejection } from './rejection.js'
import { sessionReply } from './wechat-replies.js'

export interface SessionStores {
  sessionStore: SessionStore
  userStore: UserStore
}

const appId = 'wx00000000000000mp'

/**
 * What people do who use a mini-program, with the stores of one kind.
 *
 * @param open - opens stores on the same data, each time as a process does that has just started
 */
export function sessionStories(title: string, open: () => Promise<SessionStores> | SessionStores): void {
  describe(`The users of a mini-program, kept in ${title}`, () => {
    let people = 0
    /** Somebody whom nobody knows yet. */
    const person = (): { openid: string; unionid: string } => {
      people += 1
      return {
        openid: `oPERSON${people}_${process.pid}_${Date.now()}`,
        unionid: `oUNION${people}_${process.pid}_${Date.now()}`,
      }
    }

    async function start(options: { sku?: string; maxSessions?: number; appId?: string } = {}) {
      const wechat = new FakeWechat()
      const stores = await open()
      const { appId: app = appId, ...more } = options
      const sessions = new WechatSessions({
        oauth: new WechatOAuth({ appId: app, appSecret: 'secret', fetch: wechat.fetch }),
        sku: 'shop',
        ...stores,
        ...more,
      })
      const logIn = (
        account: { openid: string; unionid?: string },
        device?: string,
      ): ReturnType<WechatSessions['authorize']> => {
        wechat.replies['/sns/jscode2session'] = sessionReply(account)
        return sessions.authorize({ code: 'code', device })
      }
      return { sessions, logIn, ...stores }
    }

    it('are new once, and known again, also after a restart, as are their tokens', async () => {
      const account = person()
      const first = await (await start()).logIn(account, 'phone')
      expect(first.isNewUser).to.equal(true)
      expect(first.user).to.deep.equal({ id: account.unionid, ...account })
      const restarted = await start()
      expect(await restarted.sessions.getSession(first.token)).to.include({
        userId: account.unionid,
        device: 'phone',
      })
      const second = await restarted.logIn(account)
      expect([second.isNewUser, second.user]).to.deep.equal([false, first.user])
    })

    it('have a session for each device, and can end one of them or all', async () => {
      const { sessions, logIn } = await start()
      const account = person()
      const [phone, tablet] = [await logIn(account, 'phone'), await logIn(account, 'tablet')]
      const listed = await sessions.listSessions(account.unionid)
      expect(listed.map(({ device }) => device)).to.have.members(['phone', 'tablet'])
      expect(
        await sessions.revokeSession(account.unionid, listed.find(({ device }) => device === 'phone')!.id!),
      ).to.equal(true)
      expect([
        await sessions.isTokenValid(phone.token),
        await sessions.isTokenValid(tablet.token),
      ]).to.deep.equal([false, true])
      await sessions.revokeUser(account.unionid)
      expect(await sessions.isTokenValid(tablet.token)).to.equal(false)
      expect(await sessions.listSessions(account.unionid)).to.deep.equal([])
    })

    it('are not found by tokens that were never issued', async () => {
      const { sessions, logIn } = await start()
      const account = person()
      const { token } = await logIn(account)
      const victim = person()
      const { token: other } = await logIn(victim)
      const forged = [
        '*',
        '%',
        "' OR '1'='1",
        token.toUpperCase(),
        `${token}\0`,
        `${token} `,
        token.slice(0, -1),
        `v2${token.slice(2)}`,
        token.replace(account.openid, victim.openid),
        other.slice(0, -43) + token.slice(-43),
      ]
      for (const attempt of forged) {
        expect(await sessions.getSession(attempt), attempt).to.equal(null)
        expect((await rejection(sessions.refreshToken(attempt), WechatSessionError)).code, attempt).to.equal(
          'ERR_WECHAT_SESSION_TOKEN',
        )
        await sessions.revokeToken(attempt)
      }
      expect([await sessions.isTokenValid(token), await sessions.isTokenValid(other)]).to.deep.equal([
        true,
        true,
      ])
    })

    it('refresh a token once, however often at the same time', async () => {
      const { sessions, logIn } = await start()
      const account = person()
      const { token } = await logIn(account)
      const refreshed = await Promise.allSettled([1, 2, 3, 4].map(() => sessions.refreshToken(token)))
      expect(refreshed.filter(({ status }) => status === 'fulfilled')).to.have.length(1)
      expect(await sessions.listSessions(account.unionid)).to.have.length(1)
      expect(await sessions.isTokenValid(token)).to.equal(false)
    })

    it('have tokens that are good for one sku', async () => {
      const [shop, news] = [await start(), await start({ sku: 'news' })]
      const account = person()
      const [one, two] = [await shop.logIn(account), await news.logIn(account)]
      expect(two.user).to.deep.equal(one.user)
      expect([
        await shop.sessions.isTokenValid(one.token),
        await shop.sessions.isTokenValid(two.token),
      ]).to.deep.equal([true, false])
      expect([
        await news.sessions.isTokenValid(one.token),
        await news.sessions.isTokenValid(two.token),
      ]).to.deep.equal([false, true])
    })

    it('stay the same when their unionid appears later', async () => {
      const { openid, unionid } = person()
      const first = await (await start()).logIn({ openid })
      expect(first.user).to.deep.equal({ id: openid, openid })
      const { logIn, userStore } = await start()
      expect((await logIn({ openid, unionid })).user).to.deep.equal({ id: openid, openid, unionid })
      expect((await logIn({ openid })).user).to.deep.equal({ id: openid, openid, unionid })
      expect((await userStore.findByUnionid(unionid))?.id).to.equal(openid)
    })

    it('are linked by the unionid that another app knows them by', async () => {
      const { openid, unionid } = person()
      const other = await (
        await start({ appId: 'wx000000000000other' })
      ).logIn({ openid: `${openid}_there`, unionid })
      const here = await (await start()).logIn({ openid, unionid })
      expect([here.isNewUser, here.user]).to.deep.equal([false, { ...other.user, openid }])
      expect((await (await start()).logIn({ openid })).user.id).to.equal(other.user.id)
    })

    it('are one user if they log in for the first time in several processes at once', async () => {
      const account = person()
      const servers = await Promise.all([start(), start(), start()])
      const logins = await Promise.all(servers.flatMap(({ logIn }) => [logIn(account), logIn(account)]))
      expect(new Set(logins.map(({ user }) => user.id))).to.deep.equal(new Set([account.unionid]))
      expect(await servers[0].sessions.listSessions(account.unionid)).to.have.length(logins.length)
    })

    it('refresh a token once, however many try in several processes', async () => {
      const servers = await Promise.all([start(), start()])
      const { token } = await servers[0].logIn(person())
      const results = await Promise.allSettled(
        Array.from({ length: 6 }, (_, index) => servers[index % 2]!.sessions.refreshToken(token)),
      )
      const won = results.filter((result) => result.status === 'fulfilled')
      expect(won).to.have.length(1)
      expect(await servers[1].sessions.isTokenValid(won[0]?.value.token)).to.equal(true)
      expect(await servers[1].sessions.isTokenValid(token)).to.equal(false)
    })

    it('have as many sessions as they may, after logins in several processes at once: the last ones', async () => {
      const account = person()
      const servers = await Promise.all([start({ maxSessions: 2 }), start({ maxSessions: 2 })])
      const before = await servers[0].logIn(account)
      const tokens = await Promise.all(
        Array.from(
          { length: 6 },
          async (_, index) =>
            (await servers[index % 2]!.sessions.issueTokenFor(account.unionid, account)).token,
        ),
      )
      const valid = await Promise.all(tokens.map((token) => servers[0].sessions.isTokenValid(token)))
      expect(valid.filter(Boolean)).to.have.length(2)
      expect(await servers[1].sessions.isTokenValid(before.token)).to.equal(false)
    })
  })
}
