import { createCipheriv, createHash, randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import {
  MemoryTokenStore,
  NoOAuthTokenError,
  WechatDecryptError,
  type WechatOAuth,
} from '@wechat-auth/wechat-oauth'
import { expect } from 'chai'
import { rejection, thrown } from '../../helpers/rejection.js'
import { client, now, record } from '../../helpers/wechat-replies.js'

// WeChat's own sample ("aes-sample").
const appId = 'wx4f4bc4dec97d474b'
const sessionKey = 'tiihtNczf5v6AKRyjwEUhQ=='
const iv = 'r7BXXKkLb8qrSNn05n0qiA=='
const encryptedData =
  'CiyLU1Aw2KjvrjMdj8YKliAjtP4gsMZMQmRzooG2xrDcvSnxIMXFufNstNGTyaGS9uT5geRa0W4oTOb1WT7fJlAC+oNPdbB+3hVbJSRgv+4lGOETKUQz6OYStslQ142dNCuabNPGBzlooOmB231qMM85d2/fV6Ch' +
  'evvXvQP8Hkue1poOFtnEtpyxVLW1zAo6/1Xx1COxFvrc2d7UL/lmHInNlxuacJXwu0fjpXfz/YqYzBIBzD6WUfTIF9GRHpOn/Hz7saL8xz+W//FRAUid1OksQaQx4CMs8LOddcQhULW4ucetDf96JcR3g0gfRK4PC7E/r7Z6' +
  'xNrXd2UIeorGj5Ef7b1pJAYB6Y5anaHqZ9J6nKEBvB4DnNLIVWSgARns/8wR2SiRS7MNACwTyrGvt9ts8p12PKFdlqYTopNHR1Vf7XjfhQlVsAJdNiKdYmYVoKlaRv85IfVunYzO0IKXsyl7JCUjCpoG20f0a04COwfneQAG' +
  'Gwd5oa+T8yO5hzuyDb/XcxxmK01EpqOyuxINew=='
const sampleOpenid = 'oGZUI0egBJY1zhBYw2KhdUfwVJJE'
const sample = {
  openId: sampleOpenid,
  nickName: 'Band',
  gender: 1,
  language: 'zh_CN',
  city: 'Guangzhou',
  province: 'Guangdong',
  country: 'CN',
  avatarUrl:
    'http://wx.qlogo.cn/mmopen/vi_32/aSKcBBPpibyKNicHNTMM0qJVh8Kjgiak2AHWr8MHM4WgMEm7GFhsf8OYrySdbvAMvTsw3mo8ibKicsnfN5pRjl1p8HQ/0',
  unionId: 'ocMvos6NjeKLIBqg5Mr9QjxrP1FA',
  watermark: { timestamp: 1477314187, appid: appId },
}

const encrypt = (
  text: string | Buffer,
  key = sessionKey,
  vector = iv,
): { encryptedData: string; iv: string } => {
  const cipher = createCipheriv('aes-128-cbc', Buffer.from(key, 'base64'), Buffer.from(vector, 'base64'))
  return {
    encryptedData: Buffer.concat([cipher.update(text), cipher.final()]).toString('base64'),
    iv: vector,
  }
}
const watermark = { appid: appId, timestamp: 1 }

describe('decryptMiniProgramUser', () => {
  const oauth = client({ appId })
  type Damage = { sessionKey?: string; encryptedData?: string; iv?: string }
  const failure = (data: Damage, code = 'ERR_WECHAT_DECRYPT', status = 500): WechatDecryptError => {
    const error = thrown(() =>
      oauth.decryptMiniProgramUser({ sessionKey, encryptedData, iv, ...data }),
    ) as WechatDecryptError
    expect(error).to.be.an.instanceOf(WechatDecryptError)
    expect(error).to.include({ code, status })
    expect('cause' in error).to.equal(false)
    const text = inspect(error, { depth: 9, showHidden: true }) + JSON.stringify(error)
    for (const secret of [data.sessionKey ?? sessionKey, 'Band', sampleOpenid])
      expect(text).to.not.contain(secret)
    return error
  }

  it("decrypts WeChat's own sample", () => {
    expect(oauth.decryptMiniProgramUser({ sessionKey, encryptedData, iv })).to.deep.equal(sample)
  })

  it('ignores white space in base64, as the sample for PHP has it', () => {
    const wrapped = (text: string): string => ` ${text.replace(/.{10}/g, '$&\r\n\t ')}\n`
    expect(
      oauth.decryptMiniProgramUser({
        sessionKey: wrapped(sessionKey),
        encryptedData: wrapped(encryptedData),
        iv: wrapped(iv),
      }),
    ).to.deep.equal(sample)
  })

  it('turns the spaces of a form back into +', () => {
    const throughForm = (text: string): string => new URLSearchParams(`text=${text}`).get('text') ?? ''
    expect(throughForm(encryptedData)).to.contain(' ')
    expect(
      oauth.decryptMiniProgramUser({ sessionKey, encryptedData: throughForm(encryptedData), iv }),
    ).to.deep.equal(sample)
    const withPlus = encrypt(JSON.stringify(sample), sessionKey, '+7BXXKkLb8qrSNn+5n0qiA==')
    expect(
      oauth.decryptMiniProgramUser({ sessionKey, ...withPlus, iv: throughForm(withPlus.iv) }),
    ).to.deep.equal(sample)
  })

  it('decrypts a phone number', () => {
    const phone = {
      phoneNumber: '13800138000',
      purePhoneNumber: '13800138000',
      countryCode: '86',
      watermark: { timestamp: 1700000000, appid: appId },
    }
    expect(
      oauth.decryptMiniProgramUser({
        sessionKey,
        iv,
        encryptedData:
          'xT8p8W6jIVdEWQ+ccHuD2e4wlKOvkPACqSwR7g001A10cjwdM46gdn01GiQUKaqPzPDRMqCU65RqoH1SV87iasZARr/+0tJRzfFqQAAyBnqrunz9Sbe6xQGlPr95Uo9y/A9Sup64tUE4UVYwGsaRyE+JSNYeG2IMx4gaUgt0+dkOba1xRqBfBE5USsSp+vuoyQqqzgtB8swLoIZhMwIutw==',
      }),
    ).to.deep.equal(phone)
  })

  it('decrypts names in every script', () => {
    const data = { nickName: '熊猫🐼👨‍👩‍👧', watermark }
    expect(oauth.decryptMiniProgramUser({ sessionKey, ...encrypt(JSON.stringify(data)) })).to.deep.equal(data)
  })

  it('says `data` for a stale session_key, even if the padding is good by chance', () => {
    for (let tries = 0; tries < 2000; tries += 1)
      expect(failure({ sessionKey: randomBytes(16).toString('base64') }).reason).to.equal('data')
  })

  it('says `watermark` for data of another application', () => {
    const error = thrown(() =>
      client({ appId: 'wxother' }).decryptMiniProgramUser({ sessionKey, encryptedData, iv }),
    ) as WechatDecryptError
    expect(error).to.include({ code: 'ERR_WECHAT_DECRYPT', reason: 'watermark' })
  })

  const damaged: Record<string, [data: Damage, message: string]> = {
    'an iv that is too short': [{ iv: 'AAAA' }, 'iv is not the base64 of 16 bytes'],
    'an iv that is too long': [{ iv: `${iv.slice(0, 22)}AAAA` }, 'iv is not the base64 of 16 bytes'],
    'an iv that is not base64': [{ iv: 'r7BXXKkLb8qrSNn05n0qi-==' }, 'iv is not base64'],
    'an iv of blanks': [{ iv: '    ' }, 'iv is not the base64 of 16 bytes'],
    'data that is not base64': [{ encryptedData: '{"openId":"x"}' }, 'encryptedData is not base64'],
    'data that was encoded for a URL twice': [
      { encryptedData: encodeURIComponent(encryptedData) },
      'encryptedData is not base64',
    ],
    'padding alone': [{ encryptedData: '====' }, 'encryptedData is not base64'],
    'half a byte': [
      { encryptedData: 'A' },
      'encryptedData is incomplete: its length is not a multiple of 16 bytes',
    ],
    'data that is not whole blocks': [
      { encryptedData: encryptedData.slice(0, -8) },
      'encryptedData is incomplete: its length is not a multiple of 16 bytes',
    ],
  }
  for (const [what, [data, message]] of Object.entries(damaged)) {
    it(`says why it refuses ${what}`, () => {
      expect(failure(data, 'ERR_WECHAT_ENCRYPTED_DATA', 400)).to.include({ reason: 'input', message })
    })
  }

  const bad: Record<string, Damage> = {
    'a wrong iv': { iv: 'AAAAAAAAAAAAAAAAAAAAAA==' },
    'a session_key that is too short': { sessionKey: 'tiihtNczf5v6AKRyjwEU' },
    'a session_key that is too long': { sessionKey: `${sessionKey.slice(0, 22)}AAAAAAAA` },
    'a session_key that is not base64': { sessionKey: '!iihtNczf5v6AKRyjwEUhQ==' },
    'data without its last block': {
      encryptedData: Buffer.from(encryptedData, 'base64').subarray(0, -16).toString('base64'),
    },
    'data of one damaged bit': { encryptedData: `D${encryptedData.slice(1)}` },
    'random data': { encryptedData: 'A'.repeat(64) },
    'what is not JSON': encrypt('hello'),
    'broken UTF-8': encrypt(Buffer.from([0xff, 0xfe])),
    nothing: encrypt(''),
    'a null': encrypt('null'),
    'a number': encrypt('5'),
    'an array': encrypt('[]'),
    'no watermark': encrypt(JSON.stringify({ openId: 'x' })),
    'a watermark of null': encrypt(JSON.stringify({ openId: 'x', watermark: null })),
    'a watermark that is a text': encrypt(JSON.stringify({ openId: 'x', watermark: appId })),
    'a watermark without appid': encrypt(JSON.stringify({ openId: 'x', watermark: { timestamp: 1 } })),
    'a watermark whose appid is an array': encrypt(
      JSON.stringify({ openId: 'x', watermark: { appid: [appId] } }),
    ),
  }
  for (const [what, data] of Object.entries(bad)) {
    it(`says \`data\` for ${what}`, () => {
      expect(failure(data).reason).to.equal('data')
    })
  }

  it('cannot change the prototype of what it returns', () => {
    const data = oauth.decryptMiniProgramUser({
      sessionKey,
      ...encrypt(`{"__proto__":{"polluted":1},"watermark":${JSON.stringify(watermark)}}`),
    })
    expect(data.polluted).to.equal(undefined)
  })
})

describe('decryptForUser', () => {
  const withSession = async (fields: object = {}): Promise<WechatOAuth> => {
    const tokenStore = new MemoryTokenStore()
    await tokenStore.saveToken(sampleOpenid, {
      openid: sampleOpenid,
      session_key: sessionKey,
      create_at: now,
      ...fields,
    })
    return client({ appId, tokenStore })
  }

  it('decrypts data with the stored session_key', async () => {
    expect(
      await (
        await withSession({ unionid: sample.unionId })
      ).decryptForUser(sampleOpenid, { encryptedData, iv }),
    ).to.deep.equal(sample)
  })

  it('leaves out a unionid that the record does not have', async () => {
    const { unionId: _unconfirmed, ...others } = sample
    expect(await (await withSession()).decryptForUser(sampleOpenid, { encryptedData, iv })).to.deep.equal(
      others,
    )
    for (const unionId of ['', null]) {
      const data = encrypt(JSON.stringify({ ...others, unionId }))
      expect(
        await (await withSession({ unionid: sample.unionId })).decryptForUser(sampleOpenid, data),
      ).to.deep.equal(others)
    }
  })

  it('decrypts data without an openid, as WeChat sends it today', async () => {
    const data = { phoneNumber: '13800138000', watermark }
    expect(
      await (await withSession()).decryptForUser(sampleOpenid, encrypt(JSON.stringify(data))),
    ).to.deep.equal(data)
  })

  it('says `unionid` for the data of another unionid', async () => {
    for (const unionId of ['oUNION', 5, [sample.unionId]]) {
      const data = encrypt(JSON.stringify({ openId: sampleOpenid, unionId, watermark }))
      const error = await rejection(
        (await withSession({ unionid: sample.unionId })).decryptForUser(sampleOpenid, data),
        WechatDecryptError,
      )
      expect(error).to.include({ code: 'ERR_WECHAT_OPENID_MISMATCH', reason: 'unionid', status: 401 })
    }
  })

  it('says `openid` for the data of another user', async () => {
    for (const openId of ['oBBBBBBBBBBBBBBBBBBBBBBBBBBB', '', null, 5, [sampleOpenid]]) {
      const data = encrypt(JSON.stringify({ openId, watermark }))
      const error = await rejection(
        (await withSession()).decryptForUser(sampleOpenid, data),
        WechatDecryptError,
      )
      expect(error).to.include({ code: 'ERR_WECHAT_OPENID_MISMATCH', reason: 'openid', status: 401 })
    }
  })

  it('rejects with ERR_WECHAT_SESSION_KEY if the stored session_key is stale or malformed', async () => {
    for (const wrong of ['AAAAAAAAAAAAAAAAAAAAAA==', 'no base64', 'AAAA']) {
      const oauth = await withSession({ session_key: wrong })
      const error = await rejection(
        oauth.decryptForUser(sampleOpenid, { encryptedData, iv }),
        WechatDecryptError,
      )
      expect(error, wrong).to.include({ code: 'ERR_WECHAT_SESSION_KEY', reason: 'data' })
    }
  })

  it('rejects with ERR_WECHAT_SESSION_KEY if a wrong key decrypts the data to garbage by chance', async () => {
    for (const garbage of ['garbage', '{}', 'null', '{"watermark":5}']) {
      expect(
        await rejection(
          (await withSession()).decryptForUser(sampleOpenid, encrypt(garbage)),
          WechatDecryptError,
        ),
      ).to.include({ code: 'ERR_WECHAT_SESSION_KEY' })
    }
  })

  it('does not ask for a login if no key can decrypt the data', async () => {
    for (const data of [
      { encryptedData: '%', iv },
      { encryptedData, iv: 'AAAA' },
      { encryptedData: encryptedData.slice(0, -8), iv },
    ]) {
      expect(
        await rejection((await withSession()).decryptForUser(sampleOpenid, data), WechatDecryptError),
      ).to.include({ code: 'ERR_WECHAT_ENCRYPTED_DATA' })
    }
    const foreign = encrypt(JSON.stringify({ watermark: { ...watermark, appid: 'wx1' } }))
    expect(
      await rejection((await withSession()).decryptForUser(sampleOpenid, foreign), WechatDecryptError),
    ).to.include({ code: 'ERR_WECHAT_DECRYPT', reason: 'watermark' })
  })

  it('asks for a login if there is no session_key', async () => {
    await rejection(client({ appId }).decryptForUser(sampleOpenid, { encryptedData, iv }), NoOAuthTokenError)
    await rejection(
      (await withSession({ session_key: '' })).decryptForUser(sampleOpenid, { encryptedData, iv }),
      NoOAuthTokenError,
    )
    await rejection(
      (await withSession({ ...record(), openid: sampleOpenid, session_key: undefined })).decryptForUser(
        sampleOpenid,
        { encryptedData, iv },
      ),
      NoOAuthTokenError,
    )
  })
})

describe('verifyUserSignature', () => {
  const oauth = client()
  // WeChat's own sample.
  const key = 'HyVFkGl5F5OQWJZZaNzBBg=='
  const rawData =
    '{"nickName":"Band","gender":1,"language":"zh_CN","city":"Guangzhou","province":"Guangdong","country":"CN","avatarUrl":"http://wx.qlogo.cn/mmopen/vi_32/1vZvI39NWFQ9XM4LtQpFrQJ1xlgZxx3w7bQxKARol6503Iuswjjn6nIGBiaycAjAtpujxyzYsrztuuICqIM5ibXQ/0"}'
  const signature = '75e81ceda165f4ffa64f4068af58c64b8f54b88c'

  it("accepts WeChat's own sample", () => {
    expect(oauth.verifyUserSignature({ rawData, signature, sessionKey: key })).to.equal(true)
  })

  it('accepts the signature of a name in Chinese', () => {
    const data = '{"nickName":"熊猫🐼"}'
    const sha1 = createHash('sha1')
      .update(Buffer.from(data + key, 'utf8'))
      .digest('hex')
    expect(oauth.verifyUserSignature({ rawData: data, signature: sha1, sessionKey: key })).to.equal(true)
  })

  const wrong: Record<string, { rawData?: string; signature?: string; sessionKey?: string }> = {
    'of other data': { rawData: `${rawData} ` },
    'of another key': { sessionKey: sessionKey },
    'with another digit': { signature: signature.replace(/c$/, 'd') },
    'that is too short': { signature: signature.slice(0, -1) },
    'that is too long': { signature: `${signature}0` },
    'with a line break behind': { signature: `${signature}\n` },
    'that is not hex': { signature: 'g'.repeat(40) },
    'of characters that are longer than they look': { signature: '中'.repeat(40) },
    'of zeros': { signature: '0'.repeat(40) },
    'that has moved between data and key': { rawData: rawData.slice(0, -1), sessionKey: `x${key}` },
  }
  for (const [what, data] of Object.entries(wrong)) {
    it(`refuses a signature ${what}`, () => {
      expect(oauth.verifyUserSignature({ rawData, signature, sessionKey: key, ...data })).to.equal(false)
    })
  }
})
