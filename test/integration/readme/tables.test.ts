import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { execArgv, execPath } from 'node:process'
import { expect } from 'chai'
import * as wechatOAuth from '@wechat-auth/wechat-oauth'
import { startSandbox, type Sandbox } from '@wechat-auth/wechat-sandbox'
import { root, runOrThrow } from '../../helpers/run.js'
import { chinese, codeIn, column, english, read, readmeOf, tableOf, type Readme } from './markdown.js'
import { Source } from './sources.js'

/** A cell that shows how something is called: its name. */
function nameOf(code: string): string {
  return code.replace(/[(\s].*$/s, '')
}

const languages = { [english]: 'English', [chinese]: 'Chinese' }

for (const [end, language] of [
  ['.md', 'English'],
  ['.zh-CN.md', 'Chinese'],
] as const) {
  describe(`the ${language} tables of the pages on other packages name what there is`, () => {
    const client = new Source('wechat-oauth/src/client.ts').offers('WechatOAuth')
    const options = new Source('wechat-oauth/src/types.ts')
    const pageOn = (name: string): Readme => read(`docs/migrating/${name}${end}`)
    const names = (cells: string[]): string[] =>
      cells.map((code) => nameOf(code.replace(/^(?:await |new )/, '').replace(/^\w+\./, '')))

    it('in the drop-in, and where it is in the client', () => {
      const page = pageOn('wechat-oauth')
      const offered = new Source('wechat-oauth/src/compat/oauth.ts').offers('OAuth')
      const stays = names(column(tableOf(page, /^(?:What stays, line by line|不变的，逐行对照)$/), 0))
      expect(stays).to.include.members(
        offered.filter((name) => !['constructor', 'appid', 'appsecret', 'isMiniProgram'].includes(name)),
      )
      const later = tableOf(page, /^(?:Step 2: the real client|第二步：正式的客户端)$/)
      expect(names(column(later, 0))).to.include.members(
        offered.filter((name) => /^(?:_?get|refresh|verify|decrypt).*(?<!Token)$|AccessToken$/.test(name)),
      )
      const calls = column(later, 1).filter((code) => code.startsWith('await '))
      expect(calls).to.have.length.of.at.least(8)
      expect(client).to.include.members(names(calls))
      const mentioned = column(tableOf(page, /^(?:Options|选项)$/), 0)
      const understood = new Source('wechat-oauth/src/compat/types.ts').members('OAuthOptions')
      expect(mentioned).to.include.members(understood)
    })

    it('in the client, for wechat-oauth-ts', () => {
      const page = pageOn('wechat-oauth-ts')
      const methods = tableOf(page, /^(?:Methods|方法)$/)
      const ours = names(column(methods, 1)).filter((name) => /^(?:get|jsSDK|code2|decrypt|check)/.test(name))
      expect(ours).to.have.length.of.at.least(12)
      expect(client).to.include.members(ours)
      const same = methods
        .filter(([, text = '']) => /^(?:the same|一样)/.test(text))
        .flatMap(([cell = '']) => codeIn(cell))
      expect(client).to.include.members(names(same))
      const codes = column(tableOf(page, /^(?:Errors|错误)$/), 1).filter((code) => code.startsWith('ERR_'))
      expect(new Source('wechat-oauth/src/errors.ts').union('WechatErrorCode')).to.include.members(codes)
      const constructor =
        column(tableOf(page, /^(?:Constructor|构造函数)$/), 1).find((code) => code.startsWith('new ')) ?? ''
      const given = constructor.match(/\w+(?=[,\s]*[,}])/g) ?? []
      expect([
        ...options.members('WechatOAuthOptions'),
        ...options.members('TokenStoreSource'),
      ]).to.include.members(given)
      expect(given).to.have.length(5)
    })
  })
}

for (const [file, language] of Object.entries(languages)) {
  describe(`the ${language} tables of passport-wechat name what there is`, () => {
    const types = new Source('passport-wechat/src/types.ts')
    const client = new Source('wechat-oauth/src/types.ts')
    let readme: Readme
    before(() => {
      readme = readmeOf('packages/passport-wechat', file)
    })

    it('options', () => {
      const options = [
        ...types.members('WechatCommonOptions'),
        ...types.members('WechatApp'),
        ...client.members('TokenStoreSource'),
        'mode',
        'apps',
        'passReqToCallback',
      ]
      expect(column(tableOf(readme, /^(?:Options|选项)$/), 0)).to.have.members(options)
    })

    it('outcomes with their codes and statuses', () => {
      const failures = new Source('passport-wechat/src/outcome.ts').constant('failures')
      expect(Object.keys(failures)).to.have.members(types.union('WechatFailureCode'))
      const told = tableOf(readme, /^(?:What happens when|各种情况的结果)$/).flatMap(
        ([, outcome = '', code = '']) =>
          codeIn(code)
            .filter((one) => one.startsWith('ERR_'))
            .map((one) => [one, /\d{3}/.exec(outcome)?.[0]]),
      )
      const given = Object.entries(failures).map(([code, text]) => [code, /status: (\d{3})/.exec(text)?.[1]])
      expect(told).to.have.deep.members(given)
    })

    it('levels at which failures are logged', () => {
      const failures = new Source('passport-wechat/src/outcome.ts').constant('failures')
      const told = tableOf(readme, /^(?:Logging|日志)$/, 1).flatMap(([codes = '', levels = '']) =>
        codeIn(codes).map((code) => [code, codeIn(levels)[0]]),
      )
      const given = Object.entries(failures).map(([code, text]) => [code, /level: '(\w+)'/.exec(text)?.[1]])
      expect(told).to.have.deep.members(given)
    })

    it('messages for the logger, which the sources contain', () => {
      const files = ['passport-wechat/src/failure-log.ts', 'passport-wechat/src/flow/start-checks.ts']
      const sources = [
        ...files,
        'passport-wechat/src/flow/authorize.ts',
        'wechat-oauth/src/http/transport.ts',
      ]
      const text = sources.map((file) => new Source(file).text).join('\n')
      const messages = column(tableOf(readme, /^(?:Logging|日志)$/), 0)
      expect(messages).to.have.length(6)
      for (const message of messages) expect(text).to.contain(message)
    })

    it('reasons', () => {
      expect(column(tableOf(readme, /^(?:What happens when|各种情况的结果)$/, 1), 0)).to.have.members(
        types.union('WechatStateReason'),
      )
    })

    it('causes of a state that is unknown', () => {
      const told = column(tableOf(readme, /^(?:What happens when|各种情况的结果)$/, 2), 0)
      const source = new Source('passport-wechat/src/flow/lost-state.ts')
      expect(told).to.have.members(source.union('LostStateCause'))
    })

    it('options of CookieStateStore with their defaults', () => {
      const store = new Source('passport-wechat/src/state/cookie.ts')
      const rows = tableOf(readme, /^(?:Without sessions|不用 session)$/)
      expect(column(rows, 0)).to.have.members(store.members('CookieStateStoreOptions'))
      expect(store.text).to.match(/maxAge = 30 \* 60_000,\s+sameSite = 'lax'/)
      expect(column(rows, 1)).to.include.members([String(30 * 60_000), "'lax'"])
    })

    it('versions of the frameworks that the examples use', () => {
      const [versions = []] = tableOf(readme, /^(?:Other frameworks|其他框架)$/)
      for (const [index, name] of ['koa', 'fastify', 'nest'].entries()) {
        const manifest = readFileSync(join(root, `examples/${name}/package.json`), 'utf8')
        const { dependencies } = JSON.parse(manifest) as { dependencies: Record<string, string> }
        const told = [...(versions[index + 1] ?? '').matchAll(/`([^`]+)` (\d+\.\d+)/g)]
        expect(told).to.have.length.of.at.least(3)
        for (const [, dependency = '', version = ''] of told)
          expect(dependencies[dependency]).to.match(new RegExp(`^\\^${version}\\.`))
      }
    })

    it('errors', () => {
      expect(new Source('wechat-oauth/src/errors.ts').union('WechatErrorCode')).to.include.members(
        column(tableOf(readme, /^(?:Errors|错误)$/), 0),
      )
    })
  })

  describe(`the ${language} text of passport-wechat`, () => {
    it('names every option of a call', () => {
      const text =
        readmeOf('packages/passport-wechat', file).paragraphs.find((one) =>
          /^(?:Per call|每次调用)/.test(one),
        ) ?? ''
      const pages = new Source('wechat-oauth/src/api/authorize-url.ts')
      expect(codeIn(text)).to.include.members([
        ...new Source('passport-wechat/src/types.ts').members('WechatCallOptions'),
        ...pages.members('MpPageParameters'),
        ...pages.members('WebsitePageParameters'),
      ])
    })

    it('names every member of a profile', () => {
      const text =
        readmeOf('packages/passport-wechat', file).paragraphs.find((one) => one.startsWith('`profile`')) ?? ''
      const names = codeIn(text).map((code) => code.replace(/[?:].*$/, ''))
      expect(names).to.include.members(new Source('passport-wechat/src/types.ts').members('WechatProfile'))
    })
  })

  describe(`the ${language} tables of wechat-oauth name what there is`, () => {
    const types = new Source('wechat-oauth/src/types.ts')
    const errors = new Source('wechat-oauth/src/errors.ts')
    let readme: Readme
    before(() => {
      readme = readmeOf('packages/wechat-oauth', file)
    })

    it('options', () => {
      expect(column(tableOf(readme, /^(?:Options|选项)$/), 0)).to.have.members([
        ...types.members('WechatOAuthOptions'),
        ...types.members('TokenStoreSource'),
      ])
    })

    it('methods', () => {
      const methods = new Source('wechat-oauth/src/client.ts')
        .offers('WechatOAuth')
        .filter((name) => name !== 'appId')
      expect(column(tableOf(readme, /^(?:Methods|方法)$/), 0).map(nameOf)).to.have.members(methods)
    })

    it('errors with their classes', () => {
      const rows = tableOf(readme, /^(?:Errors|错误)$/)
      expect(column(rows, 0)).to.have.members(errors.union('WechatErrorCode'))
      const classes = Object.entries(wechatOAuth)
        // TokenStoreError is an old name.
        .filter(([name]) => name.endsWith('Error') && name !== 'TokenStoreError')
        .map(([name]) => name)
      expect([...new Set(column(rows, 1))]).to.have.members(classes)
    })

    it('kinds, with errcodes of theirs', () => {
      const rows = tableOf(readme, /^(?:Errors|错误)$/, 1)
      expect(column(rows, 0)).to.have.members(errors.union('WechatErrorKind'))
      for (const [first = '', examples = ''] of rows) {
        const kinds = codeIn(first)
        for (const errcode of (examples.match(/-?\d+/g) ?? []).map(Number)) {
          expect(kinds, `kind of ${errcode}`).to.include(wechatOAuth.WECHAT_ERRCODES[errcode]?.kind)
        }
      }
    })
  })

  describe(`the ${language} text on the diagnostics channels of wechat-oauth`, () => {
    const messages = new Source('wechat-oauth/src/diagnostics.ts')
    const heading = /^(?:Diagnostics channels|诊断通道)$/
    let readme: Readme
    let text: string[]
    before(() => {
      readme = readmeOf('packages/wechat-oauth', file)
      text = codeIn(readme.paragraphs.filter((one) => /`(?:durationMs|publishLogin)`/.test(one)).join('\n'))
    })

    it('names each channel with its members', () => {
      const names = {
        call: 'WechatCallMessage',
        refresh: 'WechatRefreshMessage',
        lock: 'WechatLockMessage',
        store: 'WechatStoreMessage',
      }
      const members = tableOf(readme, heading).map(([channel = '', , cell = '']) => [
        codeIn(channel)[0],
        codeIn(cell).filter((code) => code !== 'false'),
      ])
      expect(members).to.deep.equal(
        Object.entries(names).map(([channel, type]) => [`wechat-auth:${channel}`, messages.members(type)]),
      )
    })

    it('names the other members and all values', () => {
      expect(text).to.include.members(messages.members('WechatOperationMessage'))
      expect(text).to.include(`{ ${messages.members('WechatLoginMessage').join(', ')} }`)
      const kinds = messages.union('WechatRecordKind').filter((kind) => kind !== 'health')
      expect(text).to.include.members(kinds.map((kind) => `'${kind}'`))
    })
  })

  describe(`the ${language} tables of wechat-sandbox name what there is`, () => {
    const engine = new Source('wechat-sandbox/src/sandbox.ts')
    let readme: Readme
    let sandbox: Sandbox
    before(async () => {
      readme = readmeOf('packages/wechat-sandbox', file)
      sandbox = await startSandbox()
    })
    after(() => sandbox.close())

    it('options', () => {
      expect(column(tableOf(readme, /^(?:Options|选项)$/), 0)).to.have.members(
        new Source('wechat-sandbox/src/start-sandbox.ts').members('SandboxOptions'),
      )
    })

    it('settings with their defaults', () => {
      const defaults = new Source('wechat-sandbox/src/world/settings.ts').constant('defaultSettings')
      const told = tableOf(readme, /^(?:Options|选项)$/, 1).map(([name = '', value = '']) => [
        codeIn(name)[0],
        codeIn(value)[0],
      ])
      expect(told).to.have.deep.members(
        Object.entries(defaults).map(([name, value]) => [name, value.replaceAll('_', '')]),
      )
    })

    it('members of a sandbox', () => {
      expect(column(tableOf(readme, /^(?:The sandbox|沙箱对象)$/), 0).map(nameOf)).to.have.members(
        engine.offers('Sandbox'),
      )
    })

    it('fields of a request in the log', () => {
      const row =
        tableOf(readme, /^(?:The sandbox|沙箱对象)$/).find(([first]) => first === '`requests`') ?? []
      const [fields = ''] = column([row], 1)
      expect(fields.match(/\w+/g)).to.have.members(
        new Source('wechat-sandbox/src/http/request-log.ts').members('LoggedRequest'),
      )
    })

    it('faults', () => {
      const faults = new Source('wechat-sandbox/src/faults.ts')
      const told = column(tableOf(readme, /^(?:Faults|故障)$/), 0)
      expect(told.filter((one) => one.startsWith("'")).map((one) => one.slice(1, -1))).to.have.members(
        faults.union('Fault'),
      )
      expect(
        told.filter((one) => one.startsWith('{')).flatMap((one) => one.match(/\w+/g) ?? []),
      ).to.have.members(faults.members('FaultOptions'))
    })

    it('controls over HTTP', () => {
      const routes = new Source('wechat-sandbox/src/control.ts').text
        .split(/^ {4}(?=(?:post|ownRoute)\()/m)
        .slice(1)
        .flatMap((route) => {
          const [, kind, name] = /^(post|ownRoute)\('([\w-]+)'/.exec(route) ?? []
          if (name === undefined) return []
          const methods = kind === 'post' ? ['POST'] : (route.match(/\b(?:GET|POST)(?=: )/g) ?? [])
          return methods.map((method) => `${method} /__sandbox/${name}`)
        })
      const told = column(tableOf(readme, /^(?:Controls over HTTP|HTTP 控制接口)$/), 0).map((one) =>
        one.replace(/\?.*$/, ''),
      )
      expect(told).to.have.members(routes)
    })

    it('presets', () => {
      const rows = tableOf(readme, /^(?:Presets|预设)$/).map((cells) => codeIn(cells.join(' ')))
      expect(rows).to.deep.equal(sandbox.apps.map(({ type, appId, appSecret }) => [type, appId, appSecret]))
      const users = tableOf(readme, /^(?:Presets|预设)$/, 1).map(([id = '', nickname]) => [
        codeIn(id)[0],
        nickname,
      ])
      expect(users).to.deep.equal(sandbox.users.map(({ id, nickname }) => [id, nickname]))
    })

    it('options of the command', async () => {
      const index = createRequire(import.meta.url).resolve('@wechat-auth/wechat-sandbox')
      const usage = await runOrThrow(execPath, [
        ...execArgv,
        join(dirname(index), index.endsWith('.ts') ? 'cli.ts' : 'cli.js'),
        '--help',
      ])
      const names = [...usage.matchAll(/^ {2}(--[\w-]+(?: [<[]\w+[>\]])?)/gm)].map(([, name]) => name)
      expect(names).to.not.be.empty
      const rows = tableOf(readme, /^(?:Command line|命令行)$/)
      expect(column(rows, 0)).to.have.members(names)
      expect(usage).to.contain(`default ${rows.find(([first]) => first?.includes('--port'))?.[1] ?? '?'}`)
    })
  })
}
