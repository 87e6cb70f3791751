import { WECHAT_ERRCODES, WechatAPIError } from '@wechat-auth/wechat-oauth'
import { expect } from 'chai'
import { json, startLoopbackServer, type LoopbackServer } from '../../helpers/loopback-server.js'
import { rejection } from '../../helpers/rejection.js'
import { client, code } from '../../helpers/wechat-replies.js'

// WeChat's table of return codes, by what to do about them.
const kinds: Record<string, number[]> = {
  busy: [-1],
  code: [40029, 40163, 41008, 42003],
  token: [40001, 40003, 40014, 42001, 42006],
  refresh: [40030, 42002, 42007],
  session: [87008, 87009],
  scope: [48001, 50001],
  denied: [40226, 48004, 50002, 50003, 50004, 50007],
  user: [43004, 43005, 43007, 43019, 43101, 50005],
  rate: [45009, 45011, 45029],
  config: [
    40002, 40013, 40035, 40066, 40094, 40097, 40125, 40164, 40169, 40243, 41001, 41002, 41003, 41004, 41009,
    41018, 43001, 43002, 43003, 43104, 44002, 45035, 47001, 49003, 61003, 61004, 61005, 61006, 61007, 61009,
    61010, 61011, 61014, 61015, 61023, 61024, 89002, 89501, 89503, 89506, 89507,
  ],
  unknown: [1, 99999, -2],
}

describe('errcodes', () => {
  let server: LoopbackServer
  before(async () => {
    server = await startLoopbackServer()
  })
  after(async () => server.close())

  const answer = async (reply: object): Promise<WechatAPIError> => {
    server.answer(json(reply))
    return rejection(client({ endpoints: server.url }).getAccessToken(code), WechatAPIError)
  }

  for (const [kind, errcodes] of Object.entries(kinds)) {
    const status = kind === 'rate' || kind === 'busy' ? 503 : 500
    it(`${errcodes.join(', ')} are of kind ${kind}, status ${status}`, async () => {
      for (const errcode of errcodes) {
        const error = await answer({ errcode, errmsg: 'some text' })
        expect({
          errcode: error.errcode,
          kind: error.kind,
          status: error.status,
          endpoint: error.endpoint,
          errmsg: error.errmsg,
        }).to.deep.equal({ errcode, kind, status, endpoint: '/sns/oauth2/access_token', errmsg: 'some text' })
        if (kind !== 'unknown') expect(WECHAT_ERRCODES[errcode]?.kind).to.equal(kind)
      }
    })
  }

  const advice: Record<number, [errmsg: string, advice: string]> = {
    40013: ['invalid appid', 'Check appId'],
    40125: ['invalid appsecret', 'Check appSecret: it must be the latest AppSecret of this appId'],
    40164: [
      'invalid ip 192.0.2.1, not in whitelist',
      'Add the IP address of this server to the IP whitelist (IP白名单) of the account at WeChat',
    ],
    40243: ['secret frozen', 'Unfreeze the AppSecret at WeChat'],
  }
  for (const [errcode, [errmsg, remedy]] of Object.entries(advice)) {
    it(`${errcode} has a message that says what to do`, async () => {
      const error = await answer({ errcode: Number(errcode), errmsg })
      expect(error.errmsg).to.equal(errmsg)
      expect(error.message).to.equal(`/sns/oauth2/access_token returned ${errcode} ${errmsg}. ${remedy}`)
    })
  }

  it('an errcode may be the text of a number', async () => {
    const error = await answer({ errcode: '40029', errmsg: 'invalid code' })
    expect(error.errcode).to.equal(40029)
    expect(error.kind).to.equal('code')
  })

  for (const errmsg of [undefined, null, 5, { text: 'x' }]) {
    it(`an errmsg that is ${JSON.stringify(errmsg)} is ignored`, async () => {
      const error = await answer({ errcode: 40029, errmsg })
      expect(error.errmsg).to.equal('')
      expect(error.message).to.equal('/sns/oauth2/access_token returned 40029')
    })
  }

  const texts: [era: string, errmsg: string, requestId: string | undefined][] = [
    ['until 2020 at /sns', 'invalid code, hints: [ req_id: RfHd6zore-b7G7ca ]', 'RfHd6zore-b7G7ca'],
    [
      'until 2020 at /sns with a link',
      'invalid appsecret, view more at http://t.cn/RAEkdVq, hints: [ req_id: A1.b_c!~ ]',
      'A1.b_c!~',
    ],
    ['until 2020 at /cgi-bin', 'appid missing hint: [_lq7ja0449vr20]', '_lq7ja0449vr20'],
    ['until 2020 at /cgi-bin, ending in !', 'invalid credential hint: [a.B~90449vr20!]', 'a.B~90449vr20!'],
    [
      'in between',
      'invalid code hint: [XfmcTVNre-vGNNia] rid: 628da727-52e5b3c7-79315d09',
      '628da727-52e5b3c7-79315d09',
    ],
    ['today at /sns', 'invalid code, rid: 641d8438-5f5ec4a3-76c11b5f', '641d8438-5f5ec4a3-76c11b5f'],
    [
      'today at /cgi-bin',
      'access_token expired rid: 5f96267c-6c0c2405-25a372af',
      '5f96267c-6c0c2405-25a372af',
    ],
    [
      'today behind a long text',
      `${'long '.repeat(60)}, rid: 641d8438-5f5ec4a3-76c11b5f`,
      '641d8438-5f5ec4a3-76c11b5f',
    ],
    ['nowhere', 'invalid code', undefined],
    ['nowhere though the word is there', 'invalid rid: 1234', undefined],
  ]
  for (const [era, errmsg, requestId] of texts) {
    it(`the request id is found as WeChat wrote it ${era}`, async () => {
      expect((await answer({ errcode: 40029, errmsg })).requestId).to.equal(requestId)
    })
  }
})
