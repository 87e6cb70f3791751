import { gzipSync } from 'node:zlib'
import {
  WechatAPIError,
  WechatTransportError,
  type WechatToken,
  type WechatUser,
} from '@wechat-auth/wechat-oauth'
import { expect } from 'chai'
import {
  body,
  gzipped,
  json,
  packets,
  startLoopbackServer,
  status,
  type Answer,
  type LoopbackServer,
} from '../../helpers/loopback-server.js'
import { rejection } from '../../helpers/rejection.js'
import {
  client,
  code,
  now,
  openid,
  sessionReply,
  tokenReply,
  unionid,
  userReply,
} from '../../helpers/wechat-replies.js'

const mebibyte = 1024 * 1024

describe('a reply', () => {
  let server: LoopbackServer
  before(async () => {
    server = await startLoopbackServer()
  })
  after(async () => server.close())

  const exchange = async (answer: Answer): Promise<WechatToken> => {
    server.answer(answer)
    return client({ endpoints: server.url }).getAccessToken(code)
  }
  const session = async (answer: Answer): Promise<WechatToken> => {
    server.answer(answer)
    return client({ endpoints: server.url }).code2Session(code)
  }
  const userinfo = async (answer: Answer): Promise<WechatUser> => {
    server.answer(answer)
    return client({ endpoints: server.url }).getUserByToken({ openid, access_token: 'a', create_at: now })
  }
  const refused = async (reply: Promise<unknown>, errorCode: string, message?: RegExp): Promise<void> => {
    const error = await rejection(reply, WechatTransportError)
    expect(error.code).to.equal(errorCode)
    if (message) expect(error.message).to.match(message)
  }

  describe('has its status checked first', () => {
    for (const code of [201, 204, 300, 304, 400, 401, 404, 429, 500, 502, 503]) {
      it(`${code} is ${code < 300 ? 'a success as far as HTTP goes' : 'refused, whatever the body says'}`, async () => {
        const answer = status(code, code === 204 || code === 304 ? '' : JSON.stringify(tokenReply()))
        if (code === 201) expect(await exchange(answer)).to.include({ openid })
        else if (code === 204) await refused(exchange(answer), 'ERR_WECHAT_RESPONSE')
        else
          await refused(
            exchange(answer),
            'ERR_WECHAT_STATUS',
            new RegExp(`^/sns/oauth2/access_token replied with HTTP status ${code}$`),
          )
      })
    }

    it('an errcode under status 500 is not read', async () => {
      await refused(exchange(status(500, '{"errcode":40029,"errmsg":"invalid code"}')), 'ERR_WECHAT_STATUS')
    })

    for (const code of [301, 302, 303, 307, 308]) {
      it(`${code} is not followed, so that the query goes nowhere else`, async () => {
        await refused(
          exchange(status(code, JSON.stringify(tokenReply()), { location: `${server.url}/elsewhere` })),
          'ERR_WECHAT_STATUS',
        )
        expect(server.paths).to.deep.equal(['/sns/oauth2/access_token'])
      })
    }

    it('a fetch that follows redirects is refused', async () => {
      const following: typeof fetch = async (input, init) => fetch(input, { ...init, redirect: 'follow' })
      server.answer(status(302, '', { location: '/elsewhere' }), json(tokenReply()))
      await refused(
        client({ endpoints: server.url, fetch: following }).getAccessToken(code),
        'ERR_WECHAT_STATUS',
      )
    })
  })

  describe('has a size', () => {
    const padded = (size: number): string => JSON.stringify(tokenReply()).padEnd(size)

    it('of up to 1 MiB', async () => {
      expect(await exchange(body(padded(mebibyte)))).to.include({ openid })
    })

    it('but not of one byte more', async () => {
      await refused(exchange(body(padded(mebibyte + 1))), 'ERR_WECHAT_RESPONSE', /1048576 bytes/)
    })

    it('that is counted after decompression', async () => {
      await refused(exchange(gzipped(padded(20 * mebibyte))), 'ERR_WECHAT_RESPONSE', /1048576 bytes/)
    })
  })

  describe('is JSON', () => {
    for (const type of [
      'text/plain',
      'application/json; encoding=utf-8',
      'text/html; charset=gbk',
      'image/png',
      '',
    ]) {
      it(`with the content type ${type || '(none)'}`, async () => {
        expect(
          await exchange(body(JSON.stringify(tokenReply()), type ? { 'content-type': type } : {})),
        ).to.include({ openid })
      })
    }

    it('with escaped slashes', async () => {
      expect(await exchange(json(tokenReply({ access_token: 'a/b' })))).to.include({ access_token: 'a/b' })
    })

    it('after a byte order mark', async () => {
      expect(await exchange(body(`\ufeff${JSON.stringify(tokenReply())}`))).to.include({ openid })
    })

    it('compressed', async () => {
      expect(await exchange(gzipped(JSON.stringify(tokenReply())))).to.include({ openid })
    })

    const not: Record<string, string> = {
      nothing: '',
      blanks: ' \n',
      null: 'null',
      true: 'true',
      'a number': '40029',
      'a text': '"ok"',
      'an array': '[]',
      'an array of replies': '[{"errcode":0}]',
      'half an object': '{"openid":"o',
      HTML: '<html>busy</html>',
      'two objects': '{}{}',
      'single quotes': "{'openid':'o'}",
      'a call': 'callback({})',
      deep: '['.repeat(500_000),
    }
    for (const [what, content] of Object.entries(not)) {
      it(`not ${what}`, async () => {
        await refused(exchange(body(content)), 'ERR_WECHAT_RESPONSE', /JSON/)
      })
    }
  })

  describe('is repaired', () => {
    const nickname = async (raw: string): Promise<string> =>
      (
        await userinfo(
          body(`{"openid":"${openid}",\n\t"nickname":"${raw}","headimgurl":"http:\\/\\/a.cn\\/1"}`),
        )
      ).nickname

    it('if a name contains raw control characters', async () => {
      expect(await nickname('a\u0014\b\n\tb\u0000')).to.equal('a\u0014\b\n\tb\u0000')
    })

    it('without changing escaped characters', async () => {
      expect(await nickname(String.raw`\"\\\/\u4e2d\\` + '\u0001')).to.equal('"\\/中\\\u0001')
    })

    it('if a backslash precedes a raw line break', async () => {
      expect(await nickname('a\\\nb')).to.equal('a\nb')
    })

    it('only if it cannot be parsed otherwise', async () => {
      expect(await nickname('\u007f\u0085')).to.equal('\u007f\u0085')
    })

    it('only inside strings', async () => {
      await refused(userinfo(body(`{"openid":\u0001"${openid}"}`)), 'ERR_WECHAT_RESPONSE', /JSON/)
    })

    it('quickly, even if every character is a quotation mark', async () => {
      for (const content of [
        '\\"'.repeat(500_000),
        '"'.repeat(1_000_000),
        '\u0001'.repeat(1_000_000),
        `{"a":"${'\u0001'.repeat(1_000_000)}`,
      ]) {
        const before = process.cpuUsage()
        await refused(exchange(body(`"${content}`)), 'ERR_WECHAT_RESPONSE')
        const { user, system } = process.cpuUsage(before)
        // Seconds of work, however busy the machine is: a repair whose work grows with the square takes minutes.
        expect((user + system) / 1e6).to.be.lessThan(5)
      }
    })
  })

  describe('is UTF-8', () => {
    const bytes = Buffer.from(JSON.stringify(userReply({ nickname: '熊猫🐼' })))

    it('even if a character comes in two packets', async () => {
      const middle = bytes.indexOf(Buffer.from('🐼')) + 2
      expect(await userinfo(packets(bytes.subarray(0, middle), bytes.subarray(middle)))).to.include({
        nickname: '熊猫🐼',
      })
    })

    it('byte by byte', async () => {
      const start = bytes.indexOf(Buffer.from('熊'))
      const parts = [...bytes.subarray(start, start + 10)].map((byte) => Uint8Array.of(byte))
      expect(
        await userinfo(packets(bytes.subarray(0, start), ...parts, bytes.subarray(start + 10))),
      ).to.include({ nickname: '熊猫🐼' })
    })

    it('in which a broken character does not affect the rest', async () => {
      const broken = Buffer.concat([
        Buffer.from(`{"openid":"${openid}","nickname":"a`),
        Uint8Array.of(0xf0, 0x9f),
        Buffer.from('b'),
        Uint8Array.of(0xff),
        Buffer.from('"}'),
      ])
      expect(await userinfo(body(broken))).to.include({ openid, nickname: 'a\ufffdb\ufffd' })
    })
  })

  describe('has an errcode', () => {
    for (const errcode of [0, '0', 0.0]) {
      it(`that means success if it is ${JSON.stringify(errcode)}`, async () => {
        expect(await session(json({ ...sessionReply(), errcode, errmsg: 'ok' }))).to.include({ openid })
      })
    }

    for (const errcode of [null, '', 'ok', true, {}, [], [0], 'NaN', 'Infinity']) {
      it(`that is refused if it is ${JSON.stringify(errcode)}`, async () => {
        await refused(session(json({ ...sessionReply(), errcode })), 'ERR_WECHAT_RESPONSE', /errcode/)
      })
    }

    it('that counts even if all fields are there', async () => {
      expect(
        (await rejection(exchange(json(tokenReply({ errcode: 50002 }))), WechatAPIError)).errcode,
      ).to.equal(50002)
    })

    it('that is checked before the fields', async () => {
      expect((await rejection(exchange(json({ errcode: '40163' })), WechatAPIError)).errcode).to.equal(40163)
    })
  })

  describe('has fields', () => {
    const texts = [undefined, null, '', 5, true, {}, [], ['x'], 'x'.repeat(4097)]
    const numbers = [undefined, null, '', 'soon', 0, -1, true, {}, [7200]]
    const optional = [5, true, {}, [], 'x'.repeat(4097)]
    const openids = [...texts, 'client:wx1', 'a:b', 'o'.repeat(129)]
    const required: [
      call: (answer: Answer) => Promise<unknown>,
      reply: typeof tokenReply,
      field: string,
      values: unknown[],
    ][] = [
      [exchange, tokenReply, 'access_token', texts],
      [exchange, tokenReply, 'expires_in', numbers],
      [exchange, tokenReply, 'openid', openids],
      [exchange, tokenReply, 'refresh_token', optional],
      [exchange, tokenReply, 'scope', optional],
      [exchange, tokenReply, 'unionid', optional],
      [session, sessionReply, 'session_key', texts],
      [session, sessionReply, 'openid', openids],
      [session, sessionReply, 'unionid', optional],
      [
        userinfo,
        userReply,
        'openid',
        [...openids, 'oBBBBBBBBBBBBBBBBBBBBBBBBBBB', `${openid} `, openid.toLowerCase()],
      ],
      [userinfo, userReply, 'nickname', optional],
      [userinfo, userReply, 'headimgurl', optional],
      [userinfo, userReply, 'unionid', optional],
    ]
    for (const [call, reply, field, values] of required) {
      for (const value of values) {
        it(`and is refused if ${field} of ${reply.name} is ${(JSON.stringify(value) as string | undefined)?.slice(0, 40)}`, async () => {
          await refused(
            call(json(reply({ [field]: value }))),
            'ERR_WECHAT_RESPONSE',
            new RegExp(`\\b${field}\\b`),
          )
        })
      }
    }

    it('of which optional ones may be missing, null or empty', async () => {
      for (const empty of [undefined, null, '']) {
        expect(
          await exchange(
            json(tokenReply({ refresh_token: empty, scope: empty, unionid: empty, is_snapshotuser: empty })),
          ),
        ).to.deep.equal({ openid, access_token: tokenReply().access_token, expires_in: 7200, create_at: now })
        expect(await session(json(sessionReply({ unionid: empty })))).to.deep.equal({
          openid,
          session_key: sessionReply().session_key,
          create_at: now,
        })
        expect(await userinfo(json(userReply({ nickname: empty, headimgurl: empty, unionid: empty }))))
          .to.deep.include({ openid, nickname: '' })
          .and.not.have.any.keys('headimgurl', 'unionid')
      }
    })

    it('of which a token gets the known ones, and the time', async () => {
      expect(
        await exchange(
          json(tokenReply({ unionid, is_snapshotuser: 1, token_type: 'x', create_at: 5, session_key: 'x' })),
        ),
      ).to.deep.equal({
        openid,
        access_token: tokenReply().access_token,
        expires_in: 7200,
        refresh_token: tokenReply().refresh_token,
        scope: 'snsapi_userinfo',
        unionid,
        is_snapshotuser: 1,
        create_at: now,
      })
    })

    it('of which numbers may be text', async () => {
      expect(await exchange(json(tokenReply({ expires_in: '7200', is_snapshotuser: '1' })))).to.include({
        expires_in: 7200,
        is_snapshotuser: 1,
      })
    })

    it('of which is_snapshotuser counts unless it means no', async () => {
      for (const yes of [1, '1', true, 'true', 2, 'yes', {}, []]) {
        expect(await exchange(json(tokenReply({ is_snapshotuser: yes })))).to.have.property(
          'is_snapshotuser',
          1,
        )
      }
      for (const no of [undefined, null, 0, '0', false, '']) {
        expect(await exchange(json(tokenReply({ is_snapshotuser: no })))).not.to.have.property(
          'is_snapshotuser',
        )
      }
    })

    it('of which a session gets the known ones, and the time', async () => {
      expect(
        await session(json(sessionReply({ unionid, expires_in: 7200, access_token: 'x' }))),
      ).to.deep.equal({ openid, session_key: sessionReply().session_key, unionid, create_at: now })
    })

    it('of which a user gets all', async () => {
      expect(await userinfo(json(userReply({ unionid, new_field: { a: [1] } })))).to.deep.equal({
        ...userReply(),
        unionid,
        new_field: { a: [1] },
      })
    })

    it('of which a user gets optional ones only if their type is right', async () => {
      const user = await userinfo(
        json(userReply({ sex: '1', language: 5, city: null, province: {}, country: [], privilege: 'x' })),
      )
      expect(user.sex).to.equal(1)
      expect(user).to.not.have.any.keys('language', 'city', 'province', 'country', 'privilege')
    })

    it('that cannot change a prototype', async () => {
      const user = await userinfo(
        body(
          `{"openid":"${openid}","nickname":"n","__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}`,
        ),
      )
      expect(user.polluted).to.equal(undefined)
      expect(Object.getPrototypeOf(user)).to.equal(Object.prototype)
      expect(({} as { polluted?: unknown }).polluted).to.equal(undefined)
    })
  })

  describe('of a fetch that the application supplies', () => {
    const supplied = async (answer: unknown): Promise<unknown> =>
      client({ fetch: (async () => answer) as unknown as typeof fetch }).getAccessToken(code)

    for (const nothing of [undefined, null, 5, {}, 'ok']) {
      it(`that returns ${JSON.stringify(nothing)} is refused`, async () => {
        await refused(supplied(nothing), 'ERR_WECHAT_RESPONSE', /fetch/)
      })
    }

    it('may have a body that is a stream of Node', async () => {
      async function* stream(): AsyncGenerator<Uint8Array> {
        yield Buffer.from(JSON.stringify(tokenReply()))
      }
      expect(await supplied({ ok: true, status: 200, redirected: false, body: stream() })).to.include({
        openid,
      })
    })

    it('may refuse to cancel a body that is too long', async () => {
      const ended: unknown[] = []
      const endless = new ReadableStream<Uint8Array>({
        pull: (controller) => controller.enqueue(new Uint8Array(mebibyte / 2)),
        cancel: (reason) => {
          ended.push(reason)
          throw new Error('not now')
        },
      })
      await refused(
        supplied({ ok: true, status: 200, redirected: false, body: endless }),
        'ERR_WECHAT_RESPONSE',
        /1048576 bytes/,
      )
      expect(ended).to.have.length(1)
    })

    it('may have a body that cannot be cancelled', async () => {
      await refused(supplied({ ok: false, status: 500, redirected: false, body: {} }), 'ERR_WECHAT_STATUS')
      await refused(
        supplied({
          ok: false,
          status: 500,
          redirected: false,
          body: {
            cancel: () => {
              throw new Error('locked')
            },
          },
        }),
        'ERR_WECHAT_STATUS',
      )
      await refused(
        supplied({
          ok: false,
          status: 500,
          redirected: false,
          body: { cancel: async () => Promise.reject(new Error('locked')) },
        }),
        'ERR_WECHAT_STATUS',
      )
    })

    it('may have a body of another type', async () => {
      await refused(supplied({ ok: true, status: 200, redirected: false, body: 5 }), 'ERR_WECHAT_NETWORK')
      await refused(
        supplied({ ok: true, status: 200, redirected: false, body: ['{"a":', '1}'] }),
        'ERR_WECHAT_NETWORK',
      )
    })
  })

  it('compressed with an unknown method is refused', async () => {
    await refused(
      exchange(body(gzipSync('{}'), { 'content-encoding': 'x-unknown' })),
      'ERR_WECHAT_RESPONSE',
      /JSON/,
    )
  })
})
