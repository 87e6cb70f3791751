import { once } from 'node:events'
import { WechatStrategy } from '@wechat-auth/passport-wechat'
import { WechatAPIError, WechatOAuth } from '@wechat-auth/wechat-oauth'
import { startSandbox, type Sandbox } from '@wechat-auth/wechat-sandbox'
import {
  MemorySessionStore,
  MemoryUserStore,
  WechatSessions,
  WechatSessionStrategy,
  type Identified,
  type WechatSessionsOptions,
} from '@wechat-auth/wechat-session'
import { expect } from 'chai'
import express from 'express'
import { Passport } from 'passport'
import ts from 'typescript'
import { blockOf, chinese, column, english, read, readmeOf, tableOf } from './markdown.js'
import { firstLine, runPart, serve, startModule } from './running.js'
import { Source } from './sources.js'

const folder = 'packages/wechat-session'
const readme = readmeOf(folder, english)
const migration = read('docs/migrating/mpauthx.md')
const miniprogram = { appId: 'wx…', appSecret: '…', type: 'miniprogram', unionAccount: 'sandbox' } as const

describe('the README of wechat-session', () => {
  let sandbox: Sandbox
  before(async () => {
    sandbox = await startSandbox({ apps: [miniprogram] })
  })
  after(() => sandbox.close())

  const code = (): string => sandbox.wxLogin({ appId: miniprogram.appId, user: 'alice' })
  const openid = (): string => sandbox.idsOf({ appId: miniprogram.appId, user: 'alice' }).openid
  const post = async (url: string, body: unknown): Promise<Record<string, unknown>> =>
    (await (
      await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
    ).json()) as Record<string, unknown>
  const get = async (url: string, token: unknown): Promise<Record<string, Record<string, unknown>>> =>
    (await (await fetch(url, { headers: { authorization: `Bearer ${String(token)}` } })).json()) as Record<
      string,
      Record<string, unknown>
    >

  const client = (): WechatOAuth =>
    new WechatOAuth({
      appId: miniprogram.appId,
      appSecret: miniprogram.appSecret,
      endpoints: sandbox.endpoints,
    })

  it('starts with a server that logs users in and lets them in, unchanged', async () => {
    const program = blockOf(readme, /wechat-session$/)
    expect(program).to.contain('app.listen(3000)')
    const child = startModule(
      program.replace(
        'app.listen(3000)',
        "app.listen(0, '127.0.0.1', function () { console.log(this.address().port) })",
      ),
      { wechat: sandbox.url },
    )
    try {
      const url = `http://127.0.0.1:${await firstLine(child)}`
      const { token, isNewUser } = await post(`${url}/login`, { code: code() })
      expect(isNewUser).to.equal(true)
      const { user, session } = await get(`${url}/me`, token)
      expect([user?.openid, session?.openid, session?.sku]).to.deep.equal([openid(), openid(), 'shop'])
      expect((await fetch(`${url}/me`)).status).to.equal(401)
    } finally {
      child.kill()
      await once(child, 'close')
    }
  })

  it("issues a token in two lines after Passport, to the registered user; and lets verify find users of one's own", async () => {
    const sessions = new WechatSessions({
      oauth: client(),
      sessionStore: new MemorySessionStore(),
      userStore: new MemoryUserStore(),
      sku: 'shop',
    })
    const passport = new Passport()
    const options = {
      mode: 'miniprogram',
      appId: miniprogram.appId,
      appSecret: miniprogram.appSecret,
      endpoints: sandbox.endpoints,
    }
    const db = { users: { findById: (id: string) => Promise.resolve({ id, from: 'the database' }) } }
    const app = express()
    await runPart(blockOf(readme, /^With Passport$/, 1), { passport, WechatStrategy, options, sessions })
    await runPart(blockOf(readme, /^With Passport$/), { app, express, passport, sessions })
    await runPart(blockOf(readme, /^With Passport$/, 2), { passport, WechatSessionStrategy, sessions, db })
    app.get('/me', passport.authenticate('wechat-session') as express.RequestHandler, (req, res) => {
      res.json({ user: req.user })
    })
    const { url, close } = await serve(app)
    try {
      const { token } = await post(`${url}/login`, { code: code() })
      const session = await sessions.getSession(token)
      expect(await sessions.getUser(session!)).to.include({ id: session?.userId, openid: openid() })
      expect((await get(`${url}/me`, token)).user).to.deep.equal({
        id: session?.userId,
        from: 'the database',
      })
    } finally {
      await close()
    }
  })

  it("has users of one's own by two functions", async () => {
    const rows: Record<string, unknown>[] = []
    const db = {
      users: {
        findOne: ({ openid: wanted }: { openid: string }) =>
          Promise.resolve(rows.find((row) => row.openid === wanted)),
        insert: (row: Record<string, unknown>) => Promise.resolve(rows[rows.push({ id: 7, ...row }) - 1]),
      },
    }
    let sessions: WechatSessions<Identified> | undefined
    const Kept = function (options: WechatSessionsOptions<Identified>): object {
      return (sessions = new WechatSessions(options))
    }
    await runPart(blockOf(readme, /^Users$/), {
      WechatSessions: Kept,
      oauth: client(),
      sessionStore: new MemorySessionStore(),
      db,
    })
    const { encryptedData, iv } = (code(), sandbox.encrypt({ appId: miniprogram.appId, user: 'alice' }))
    const { user } = await sessions!.authorize({ code: code(), encryptedData, iv })
    expect(user).to.include({ id: 7, openid: openid(), name: '爱丽丝' })
  })

  it('shows the contracts as they are', () => {
    const wanted = new Source('wechat-oauth/src/session-contracts.ts')
    const shown = ts.createSourceFile(
      'shown.ts',
      readme.blocks.find(({ language }) => language === 'ts')!.code,
      ts.ScriptTarget.Latest,
      true,
    )
    const signatures = (file: ts.SourceFile): Record<string, string[]> =>
      Object.fromEntries(
        file.statements
          .filter(ts.isInterfaceDeclaration)
          .map(({ name, members }) => [name.text, members.map((member) => member.getText())]),
      )
    const real = signatures(ts.createSourceFile('real.ts', wanted.text, ts.ScriptTarget.Latest, true))
    for (const [name, members] of Object.entries(signatures(shown)))
      expect(members, name).to.deep.equal(real[name])
  })

  for (const file of [english, chinese]) {
    it(`names what there is: ${file}`, () => {
      const page = readmeOf(folder, file)
      const options = new Source('wechat-session/src/types.ts').members('WechatSessionsCommonOptions')
      expect(column(tableOf(page, /^(?:Options|选项)$/), 0)).to.have.members([
        ...options,
        'userStore',
        'findUser',
        'createUser',
      ])
      const methods = new Source('wechat-session/src/sessions.ts').offers('WechatSessions')
      expect(
        column(tableOf(page, /^(?:Methods|方法)$/), 0).map((shown) => shown.replace(/\(.*$/s, '')),
      ).to.have.members(methods)
      const defaults = ['259200', 'false', '5000', 'Date.now']
      expect(column(tableOf(page, /^(?:Options|选项)$/), 1)).to.deep.equal(defaults)
      expect(new Source('wechat-session/src/options.ts').text.replace(/\s+/g, ' ')).to.contain(
        'ttl = 259_200, sliding = false, maxSessions = Infinity, timeout = 5000, now = Date.now',
      )
      expect(new Source('wechat-oauth/src/errors.ts').union('WechatErrorCode')).to.include.members(
        column(tableOf(page, /^(?:Errors|错误)$/), 0),
      )
    })
  }
})

describe('the page for those who come from mpauthx', () => {
  it('has a server that goes on answering status codes', async () => {
    const answers = [
      () => Promise.resolve({ token: 'the token' }),
      () => Promise.reject(new TypeError('no code')),
      () =>
        Promise.reject(
          new WechatAPIError({
            errcode: 40029,
            errmsg: '',
            requestId: undefined,
            endpoint: '/sns/jscode2session',
            kind: 'code',
          }),
        ),
      () => Promise.reject(Object.assign(new Error(), { code: 'ERR_WECHAT_STORE' })),
      () => Promise.reject(Object.assign(new Error(), { code: 'ERR_WECHAT_TIMEOUT' })),
    ]
    const app = express()
    let turn = 0
    await runPart(blockOf(migration, /^Status codes$/), {
      app,
      express,
      sessions: { authorize: () => answers[turn++]!() },
    })
    const { url, close } = await serve(app)
    try {
      const codes: unknown[] = []
      while (turn < answers.length)
        codes.push(
          ((await (await fetch(`${url}/authorize`, { method: 'POST' })).json()) as { status_code: number })
            .status_code,
        )
      expect(codes).to.deep.equal([1, 6001, 6011, 6000, 6008])
    } finally {
      await close()
    }
  })

  it('names every status code of mpauthx, and only codes that our errors have', () => {
    const rows = tableOf(migration, /^Status codes$/)
    const theirs = rows.flatMap(([cell = '']) => (cell.match(/\d{4}|\b1\b/g) ?? []).map(Number))
    expect(theirs).to.deep.equal([
      1, 6000, 6001, 6002, 6003, 6004, 6005, 6006, 6007, 6008, 6009, 6010, 6011, 9999,
    ])
    const ours = column(rows, 2).filter((name) => name.startsWith('ERR_'))
    expect(new Source('wechat-oauth/src/errors.ts').union('WechatErrorCode')).to.include.members(ours)
  })
})
