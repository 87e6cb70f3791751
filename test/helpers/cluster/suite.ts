import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { startSandbox, type Sandbox } from '@wechat-auth/wechat-sandbox'
import type { WechatToken } from '@wechat-auth/wechat-oauth'
import { ClusterWorker } from './cluster.js'
import { storeTimeout, type OpenedStore, type OpenStore } from './protocol.js'
import { inTime } from '../pace.js'
import { isLongRun } from '../long.js'

export interface ClusterHarness {
  /** Name of the module in `stores` that opens the store, here and in the workers. */
  store: string
  /** What its `open` is given. Asked for when the suite's `before` hooks have run. */
  address: () => string
}

const processes = 4
const callsPerProcess = 50
const timeout = storeTimeout
/** The lifetime that the client gives to its locks. */
const lockLifetime = timeout + 5000

/** One refresh per cluster: several processes, each with its own client and connection, share one store. */
export function testCluster(title: string, harness: ClusterHarness): void {
  describe(title, function () {
    let sandbox: Sandbox
    let opened: OpenedStore
    let workers: ClusterWorker[] = []
    const endings: (() => Promise<unknown>)[] = []

    before(async () => {
      sandbox = await startSandbox()
      endings.push(() => sandbox.close())
      const { open } = (await import(`./stores/${harness.store}.js`)) as { open: OpenStore }
      opened = await open(harness.address())
      endings.push(
        () => opened.close(),
        () => Promise.all(workers.map((worker) => worker.kill())),
      )
      workers = await Promise.all(Array.from({ length: processes }, startWorker))
    })

    beforeEach(() => sandbox.reset())

    after(async () => {
      for (const end of endings.reverse()) await end()
    })

    const refreshes = (): number => sandbox.count('/sns/oauth2/refresh_token')
    const stored = async (openid: string): Promise<WechatToken> => (await opened.store.getToken(openid))!

    function app(): { appId: string; appSecret: string } {
      return sandbox.apps.find(({ type }) => type === 'mp')!
    }

    function startWorker(): Promise<ClusterWorker> {
      const { appId, appSecret } = app()
      return ClusterWorker.start({
        store: harness.store,
        address: harness.address(),
        client: { appId, appSecret, endpoints: sandbox.url, timeout },
      })
    }

    function code(): string {
      return sandbox.issueCode({ appId: app().appId, user: 'alice', scope: 'snsapi_userinfo' })
    }

    /** A user who logged in long ago. */
    async function expiredUser(): Promise<{ openid: string; token: WechatToken }> {
      const openid = await workers[0]!.call('login', code())
      const token = { ...(await stored(openid)), create_at: Date.now() - 86_400_000 }
      await opened.store.saveToken(openid, token)
      return { openid, token }
    }

    async function getUsers(callers: readonly ClusterWorker[], openid: string): Promise<void> {
      const results = await Promise.all(
        callers.map((worker) => worker.call('getUsers', openid, callsPerProcess)),
      )
      for (const result of results) expect(result).to.deep.equal({ users: callsPerProcess, errors: [] })
    }

    it(`asks WeChat for one refresh when ${processes} processes call getUser ${callsPerProcess} times each on one expired token`, async () => {
      const { openid, token } = await expiredUser()
      await getUsers(workers, openid)
      expect(refreshes()).to.equal(1)
      expect((await stored(openid)).create_at).to.be.greaterThan(token.create_at)
    })

    it(`asks WeChat for one app token and one ticket when ${processes} processes sign ${callsPerProcess} pages each, and none is there yet`, async () => {
      const { appId } = app()
      for (const key of [`client:${appId}`, `ticket:jsapi:${appId}`]) await opened.store.deleteToken?.(key)
      const signed = await Promise.all(
        workers.map((worker) => worker.call('sign', 'http://127.0.0.1/page', callsPerProcess)),
      )
      expect([
        sandbox.count('/cgi-bin/stable_token'),
        sandbox.count('/cgi-bin/ticket/getticket'),
      ]).to.deep.equal([1, 1])
      expect(new Set(signed.flat().map((page) => sandbox.checkJsSdkSignature(page)))).to.deep.equal(
        new Set(['ok']),
      )
      expect(signed.flat()).to.have.lengthOf(processes * callsPerProcess)
    })

    // Both wait for a whole lifetime. The lock is the same for all stores: it is asked for by the same code.
    const itWaits = isLongRun || harness.store === 'redis' ? it : undefined

    itWaits?.('sends WeChat one refresh when the lifetime of the lock of a killed process ends', async () => {
      const { openid } = await expiredUser()
      const [holder, ...others] = workers as [ClusterWorker, ...ClusterWorker[]]
      const { stopped } = await holder.stopAt('asking')
      const lockedAt = performance.now()
      const lost = holder.call('getUsers', openid, 1).then(
        () => 'answered',
        () => 'killed',
      )
      await stopped
      const waiting = getUsers(others, openid)
      await holder.kill()
      try {
        await waiting
        expect(performance.now() - lockedAt).to.be.lessThan(inTime(lockLifetime))
        expect(refreshes()).to.equal(1)
        expect(await lost).to.equal('killed')
      } finally {
        workers = [await startWorker(), ...others]
      }
    })

    itWaits?.(
      'does not let a process that was stopped for longer than its lock overwrite the newer token',
      async () => {
        const { openid } = await expiredUser()
        const [holder, other] = workers as [ClusterWorker, ClusterWorker]
        const { stopped } = await holder.stopAt('answered')
        const late = holder.call('getUsers', openid, 1)
        await stopped
        holder.freeze()
        // It finds this as soon as it runs again.
        const released = holder.call('goOn')
        await getUsers([other], openid)
        const newer = await stored(openid)
        holder.thaw()
        await released
        // Whether it gives up or finds the newer token:
        await late
        expect(refreshes()).to.equal(2)
        expect(await stored(openid)).to.deep.equal(newer)
      },
    )

    for (const point of ['asking', 'answered'] as const) {
      it(`keeps the token of a login during a refresh in another process (${point})`, async () => {
        const { openid } = await expiredUser()
        const [refresher, other] = workers as [ClusterWorker, ClusterWorker]
        const { stopped } = await refresher.stopAt(point)
        const refreshing = refresher.call('getUsers', openid, 1)
        await stopped
        // Of two tokens of one millisecond, neither is the newer one.
        await sleep(2)
        await other.call('login', code())
        const login = await stored(openid)
        await refresher.call('goOn')
        expect(await refreshing).to.deep.equal({ users: 1, errors: [] })
        expect(refreshes()).to.equal(1)
        expect(await stored(openid)).to.deep.equal(login)
      })
    }
  })
}
