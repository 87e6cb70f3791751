import { createDecipheriv, createHash } from 'node:crypto'
import { expect } from 'chai'
import { startSandbox, type Fault, type Sandbox } from '@wechat-auth/wechat-sandbox'
import { thrown } from '../../helpers/rejection.js'

// The official demo of mini-program decryption, and the official signature example.
const vectorA = {
  appId: 'wx4f4bc4dec97d474b',
  sessionKey: 'tiihtNczf5v6AKRyjwEUhQ==',
  iv: 'r7BXXKkLb8qrSNn05n0qiA==',
  encryptedData:
    'CiyLU1Aw2KjvrjMdj8YKliAjtP4gsMZMQmRzooG2xrDcvSnxIMXFufNstNGTyaGS9uT5geRa0W4oTOb1WT7fJlAC+oNPdbB+3hVbJSRgv+4lGOETKUQz6OYStslQ142dNCuabNPGBzlooOmB231qMM85d2/fV6ChevvXvQP8Hkue1poOFtnEtpyxVLW1zAo6/1Xx1COxFvrc2d7UL/lmHInNlxuacJXwu0fjpXfz/YqYzBIBzD6WUfTIF9GRHpOn/Hz7saL8xz+W//FRAUid1OksQaQx4CMs8LOddcQhULW4ucetDf96JcR3g0gfRK4PC7E/r7Z6xNrXd2UIeorGj5Ef7b1pJAYB6Y5anaHqZ9J6nKEBvB4DnNLIVWSgARns/8wR2SiRS7MNACwTyrGvt9ts8p12PKFdlqYTopNHR1Vf7XjfhQlVsAJdNiKdYmYVoKlaRv85IfVunYzO0IKXsyl7JCUjCpoG20f0a04COwfneQAGGwd5oa+T8yO5hzuyDb/XcxxmK01EpqOyuxINew==',
  data: {
    openId: 'oGZUI0egBJY1zhBYw2KhdUfwVJJE',
    nickName: 'Band',
    gender: 1,
    language: 'zh_CN',
    city: 'Guangzhou',
    province: 'Guangdong',
    country: 'CN',
    avatarUrl:
      'http://wx.qlogo.cn/mmopen/vi_32/aSKcBBPpibyKNicHNTMM0qJVh8Kjgiak2AHWr8MHM4WgMEm7GFhsf8OYrySdbvAMvTsw3mo8ibKicsnfN5pRjl1p8HQ/0',
    unionId: 'ocMvos6NjeKLIBqg5Mr9QjxrP1FA',
    watermark: { timestamp: 1477314187, appid: 'wx4f4bc4dec97d474b' },
  },
}
const vectorB = {
  sessionKey: 'HyVFkGl5F5OQWJZZaNzBBg==',
  rawData:
    '{"nickName":"Band","gender":1,"language":"zh_CN","city":"Guangzhou","province":"Guangdong","country":"CN","avatarUrl":"http://wx.qlogo.cn/mmopen/vi_32/1vZvI39NWFQ9XM4LtQpFrQJ1xlgZxx3w7bQxKARol6503Iuswjjn6nIGBiaycAjAtpujxyzYsrztuuICqIM5ibXQ/0"}',
  signature: '75e81ceda165f4ffa64f4068af58c64b8f54b88c',
}

function decrypt(sessionKey: string, iv: string, encryptedData: string): Record<string, unknown> {
  const decipher = createDecipheriv(
    'aes-128-cbc',
    Buffer.from(sessionKey, 'base64'),
    Buffer.from(iv, 'base64'),
  )
  const text = Buffer.concat([
    decipher.update(Buffer.from(encryptedData, 'base64')),
    decipher.final(),
  ]).toString('utf8')
  return JSON.parse(text) as Record<string, unknown>
}

describe('Sandbox', () => {
  let sandbox: Sandbox
  const [mp, website, mini] = ['wxsandbox000000001', 'wxsandbox000000002', 'wxsandbox000000003'] as const
  const [official, unbound] = [vectorA.appId, 'wxsandboxunbound01'] as const

  before(async () => {
    const preset = await startSandbox()
    const { apps } = preset
    await preset.close()
    sandbox = await startSandbox({
      apps: [
        ...apps,
        { appId: official, appSecret: 'secret', type: 'miniprogram' },
        { appId: unbound, appSecret: 'secret', type: 'mp' },
      ],
    })
  })
  afterEach(() => sandbox.reset())
  after(() => sandbox.close())

  describe('presets', () => {
    it("are one app of each type, with recognizable ids and secrets of WeChat's length", async () => {
      const preset = await startSandbox()
      await preset.close()
      expect(preset.apps.map(({ type }) => type)).to.deep.equal(['mp', 'website', 'miniprogram'])
      for (const { appId, appSecret } of preset.apps) {
        expect(appId).to.match(/^wxsandbox\d{9}$/)
        expect(appSecret).to.match(/^sandbox[a-z0-9]{25}$/)
      }
    })

    it('include users with a picture, without one, and with emoji in the name', () => {
      expect(sandbox.users).to.have.length(3)
      expect(sandbox.users.some(({ nickname }) => /\p{Emoji_Presentation}/u.test(nickname))).to.be.true
      expect(sandbox.users.some(({ headimgurl }) => headimgurl === '')).to.be.true
      expect(sandbox.users.some(({ headimgurl }) => headimgurl.startsWith(sandbox.url))).to.be.true
    })
  })

  describe('ids', () => {
    it('are 28 characters, start with o and are the same in every sandbox', async () => {
      const other = await startSandbox()
      await other.close()
      const ids = sandbox.idsOf({ appId: mp, user: 'alice' })
      expect(ids.openid).to.match(/^oSANDBOX[\w-]{20}$/)
      expect(ids.unionid).to.match(/^oUNION[\w-]{22}$/)
      expect(other.idsOf({ appId: mp, user: 'alice' })).to.deep.equal(ids)
    })

    it('include an openid per app and user, and a unionid per user of an open-platform account', () => {
      const all = [mp, website, mini].map((appId) => sandbox.idsOf({ appId, user: 'alice' }))
      expect(new Set(all.map(({ openid }) => openid)).size).to.equal(3)
      expect(new Set(all.map(({ unionid }) => unionid)).size).to.equal(1)
      expect(sandbox.idsOf({ appId: mp, user: 'bob' }).openid).not.to.equal(all[0]?.openid)
      expect(sandbox.idsOf({ appId: mp, user: 'bob' }).unionid).not.to.equal(all[0]?.unionid)
    })

    it('include no unionid for an app without an open-platform account', () => {
      expect(sandbox.idsOf({ appId: unbound, user: 'alice' })).to.have.all.keys('openid')
    })

    it('of a snapshot page belong to a virtual account', () => {
      const real = sandbox.idsOf({ appId: mp, user: 'alice' })
      const virtual = sandbox.idsOf({ appId: mp, user: 'alice', snapshot: true })
      expect(virtual.openid).to.match(/^oSNAPSHOT[\w-]{19}$/)
      expect(virtual.unionid).to.match(/^oSNAPUNION[\w-]{18}$/)
      expect(virtual).not.to.deep.equal(real)
    })
  })

  describe('issueCode and wxLogin', () => {
    it('return a different code of 32 letters and digits each time', () => {
      const codes = [1, 2].flatMap(() => [
        sandbox.issueCode({ appId: mp, user: 'alice', scope: 'snsapi_base' }),
        sandbox.wxLogin({ appId: mini, user: 'alice' }),
      ])
      expect(new Set(codes).size).to.equal(4)
      for (const code of codes) expect(code).to.match(/^[A-Za-z0-9]{32}$/)
    })

    for (const [what, call] of Object.entries<() => unknown>({
      'an unknown app': () => sandbox.issueCode({ appId: 'wx0', user: 'alice', scope: 'snsapi_base' }),
      'an unknown user': () => sandbox.issueCode({ appId: mp, user: 'mallory', scope: 'snsapi_base' }),
      'an unknown scope': () => sandbox.issueCode({ appId: mp, user: 'alice', scope: 'openid' }),
      'a code of the pages for a mini-program': () =>
        sandbox.issueCode({ appId: mini, user: 'alice', scope: 'snsapi_base' }),
      'wx.login in an official account': () => sandbox.wxLogin({ appId: mp, user: 'alice' }),
      'data encrypted for a website': () => sandbox.encrypt({ appId: website, user: 'alice' }),
      'a session_key of the wrong length': () =>
        sandbox.renewSessionKey({ appId: mini, user: 'alice', sessionKey: 'AAAA' }),
      'an unknown setting': () => sandbox.configure({ colour: 'red' } as object),
      'a wrong setting': () => sandbox.configure({ codeLifetime: -1 }),
      'an unknown change of a user': () => sandbox.updateUser('alice', { openid: 'o' } as object),
      'an unknown current user': () => {
        sandbox.currentUser = 'mallory'
      },
      'a clock that runs backwards': () => sandbox.clock.advance(-1),
      'a clock advanced by text': () => sandbox.clock.advance('1000' as unknown as number),
    })) {
      it(`refuse ${what} with a TypeError`, () => {
        expect(thrown(call)).to.be.instanceOf(TypeError)
      })
    }
  })

  describe('encrypt', () => {
    it("produces WeChat's example of encryptedData from its key, iv and data (vector A)", () => {
      const { appId, sessionKey, iv, data, encryptedData } = vectorA
      sandbox.renewSessionKey({ appId, user: 'alice', sessionKey })
      expect(sandbox.encrypt({ appId, user: 'alice', data, iv })).to.include({ encryptedData, iv })
      expect(decrypt(sessionKey, iv, encryptedData)).to.deep.equal(data)
    })

    it("produces WeChat's example of a signature from its key and rawData (vector B)", () => {
      const { sessionKey, rawData, signature } = vectorB
      sandbox.renewSessionKey({ appId: official, user: 'alice', sessionKey })
      const data = JSON.parse(rawData) as Record<string, unknown>
      expect(sandbox.encrypt({ appId: official, user: 'alice', data })).to.include({ rawData, signature })
    })

    it("encrypts the user's data with the current key, with a watermark of the app and the sandbox's time", () => {
      const sessionKey = sandbox.renewSessionKey({ appId: mini, user: 'panda' })
      sandbox.clock.advance(3_600_000)
      const { iv, encryptedData, rawData, signature } = sandbox.encrypt({ appId: mini, user: 'panda' })
      const data = decrypt(sessionKey, iv, encryptedData)
      const { openid, unionid } = sandbox.idsOf({ appId: mini, user: 'panda' })
      const panda = sandbox.users.find(({ id }) => id === 'panda')
      expect(data).to.deep.include({
        openId: openid,
        unionId: unionid,
        nickName: panda?.nickname,
        avatarUrl: panda?.headimgurl,
      })
      const watermark = data['watermark'] as { appid: string; timestamp: number }
      expect(watermark.appid).to.equal(mini)
      expect(watermark.timestamp).to.be.closeTo(sandbox.clock.now() / 1000, 2)
      expect(signature).to.equal(
        createHash('sha1')
          .update(rawData + sessionKey)
          .digest('hex'),
      )
      expect(JSON.parse(rawData)).to.not.have.any.keys('openId', 'unionId', 'watermark')
    })

    it('keeps the key at wx.login unless asked to renew it', () => {
      const sessionKey = sandbox.renewSessionKey({ appId: mini, user: 'alice' })
      sandbox.wxLogin({ appId: mini, user: 'alice' })
      const kept = sandbox.encrypt({ appId: mini, user: 'alice' })
      expect(decrypt(sessionKey, kept.iv, kept.encryptedData)).to.have.property('openId')
      sandbox.wxLogin({ appId: mini, user: 'alice', renewSessionKey: true })
      const { rawData, signature } = sandbox.encrypt({ appId: mini, user: 'alice' })
      expect(signature).not.to.equal(
        createHash('sha1')
          .update(rawData + sessionKey)
          .digest('hex'),
      )
    })

    it("adds a watermark to the caller's data unless it has one", () => {
      const sessionKey = sandbox.renewSessionKey({ appId: mini, user: 'alice' })
      const plain = sandbox.encrypt({ appId: mini, user: 'alice', data: { phoneNumber: '13800138000' } })
      expect(decrypt(sessionKey, plain.iv, plain.encryptedData)).to.have.nested.property(
        'watermark.appid',
        mini,
      )
      const foreign = sandbox.encrypt({
        appId: mini,
        user: 'alice',
        data: { watermark: { appid: 'wx0', timestamp: 1 } },
      })
      expect(decrypt(sessionKey, foreign.iv, foreign.encryptedData)).to.deep.equal({
        watermark: { appid: 'wx0', timestamp: 1 },
      })
    })
  })

  describe('fail', () => {
    const faults: [string, unknown][] = [
      ['fault', 'explode'],
      ['fault', undefined],
      ['fault', {}],
      ['explode', { explode: true }],
      ['fault.errcode', { errcode: 1.5 }],
      ['fault.status', { status: 99 }],
      ['fault.body', { body: 7 }],
      ['fault.headers', { headers: { x: 'a\r\nb' } }],
      ['fault.contentType', { contentType: 'a\nb' }],
      ['fault.delay', { delay: -1 }],
      ['fault.drip', { drip: '1' }],
      ['fault.merge', { merge: [] }],
      ['fault.omit', { omit: 'scope' }],
      ['fault.chunks', { chunks: [1] }],
      ['fault.transform', { transform: {} }],
    ]
    for (const [name, fault] of faults) {
      it(`refuses ${JSON.stringify(fault)} with a TypeError that names ${name}`, () => {
        const error = thrown(() => sandbox.fail('/sns/auth', fault as Fault))
        expect(error).to.be.instanceOf(TypeError).with.property('message').that.contains(name)
      })
    }

    it('refuses an impossible path and invalid times', () => {
      expect(thrown(() => sandbox.fail('sns/auth', 'hang'))).to.be.instanceOf(TypeError)
      expect(thrown(() => sandbox.fail('/__sandbox/info', 'hang'))).to.be.instanceOf(TypeError)
      expect(thrown(() => sandbox.fail('/sns/auth', 'hang', { times: 0 }))).to.be.instanceOf(TypeError)
    })
  })
})
