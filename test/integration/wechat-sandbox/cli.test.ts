import { spawn, type ChildProcess } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'

// The command is beside the module that the package's name leads to: the sources here, the built files where those are under test.
const index = fileURLToPath(import.meta.resolve('@wechat-auth/wechat-sandbox'))
const cli = join(dirname(index), index.endsWith('.ts') ? 'cli.ts' : 'cli.js')

describe('the command wechat-sandbox', () => {
  const running = new Set<ChildProcess>()

  const start = (...args: string[]): ChildProcess & { output: string; errors: string } => {
    const child = spawn(process.execPath, [...process.execArgv, cli, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    running.add(child)
    child.on('close', () => running.delete(child))
    const started = Object.assign(child, { output: '', errors: '' })
    child.stdout.on('data', (chunk: Buffer) => {
      started.output += chunk.toString()
    })
    child.stderr.on('data', (chunk: Buffer) => {
      started.errors += chunk.toString()
    })
    return started
  }

  /** Waits for output that matches. */
  const printed = async (child: ReturnType<typeof start>, pattern: RegExp): Promise<RegExpExecArray> => {
    for (;;) {
      const match = pattern.exec(child.output)
      if (match) return match
      if (child.exitCode !== null) throw new Error(`stopped with ${child.exitCode}: ${child.errors}`)
      await Promise.race([once(child.stdout ?? child, 'data'), once(child, 'close')])
    }
  }

  const ended = async (child: ChildProcess): Promise<number | null> => {
    if (child.exitCode === null) await once(child, 'close')
    return child.exitCode
  }

  after(async () => {
    for (const child of running) {
      child.kill('SIGKILL')
      await once(child, 'close')
    }
  })

  it('prints the address, the apps with their secrets and the users, serves requests, and stops on SIGTERM', async () => {
    const child = start('--port', '0')
    const [, url = ''] = await printed(
      child,
      /at (http:\/\/127\.0\.0\.1:\d+)\n[\s\S]*\/__sandbox\/miniprogram\n/,
    )
    expect(child.output)
      .to.contain('wxsandbox000000001')
      .and.contain('sandboxsecretmp00000000000000001')
      .and.contain('alice')
    expect(await (await fetch(`${url}/sns/auth`)).json()).to.have.property('errcode', 41001)
    child.kill('SIGTERM')
    expect(await ended(child)).to.equal(0)
  })

  it('accepts apps with domains and users with nicknames', async () => {
    const child = start(
      '--port',
      '0',
      '--app',
      'mp:wxmine:topsecret:a.example,localhost:3000',
      '--app',
      'miniprogram:wxmini:other',
      '--user',
      'me:我 (me: myself)',
      '--user',
      'you',
    )
    const [, url = ''] = await printed(child, /at (http:\S+)\n[\s\S]*\/__sandbox\/miniprogram\n/)
    const info = (await (
      await fetch(`${url}/__sandbox/info`, { headers: { 'content-type': 'application/json' } })
    ).json()) as {
      apps: Record<string, unknown>[]
      users: Record<string, unknown>[]
    }
    expect(info.apps).to.have.length(2)
    expect(info.apps[0]).to.deep.include({
      type: 'mp',
      appId: 'wxmine',
      appSecret: 'topsecret',
      domains: ['a.example', 'localhost:3000'],
      unionAccount: 'sandbox',
    })
    expect(info.apps[1]).to.not.have.property('domains')
    expect(info.users.map(({ id, nickname }) => [id, nickname])).to.deep.equal([
      ['me', '我 (me: myself)'],
      ['you', 'you'],
    ])
    child.kill('SIGINT')
    expect(await ended(child)).to.equal(0)
  })

  it("with --tls prints the authority's certificate, or writes it to a file", async () => {
    const printing = start('--port', '0', '--tls')
    const [pem = ''] = await printed(printing, /-----BEGIN CERTIFICATE-----[\s\S]*-----END CERTIFICATE-----/)
    expect(new X509Certificate(pem).ca).to.be.true
    printing.kill('SIGTERM')
    const folder = await mkdtemp(join(tmpdir(), 'wechat-sandbox-'))
    try {
      const file = join(folder, 'ca.pem')
      const writing = start('--port', '0', '--tls', '0', '--tls-ca', file)
      await printed(writing, /TLS .*ca\.pem\n/)
      expect(new X509Certificate(await readFile(file)).ca).to.be.true
      expect(writing.output).not.to.contain('BEGIN CERTIFICATE')
      writing.kill('SIGTERM')
      await ended(writing)
    } finally {
      await rm(folder, { recursive: true })
    }
    expect(await ended(printing)).to.equal(0)
  })

  it('shows its usage with --help', async () => {
    const child = start('--help')
    expect(await ended(child)).to.equal(0)
    for (const name of ['--port', '--host', '--app', '--user', '--tls']) expect(child.output).to.contain(name)
  })

  for (const args of [
    ['--port', 'x'],
    ['--app', 'web:a:b'],
    ['--app', 'mp:a'],
    ['--user', ':x'],
    ['--nope'],
    ['--tls-ca', 'f'],
    ['stray'],
  ]) {
    it(`exits with 2 and prints its usage for ${args.join(' ')}`, async () => {
      const child = start(...args)
      expect(await ended(child)).to.equal(2)
      expect(child.errors)
        .to.contain(args[0] === 'stray' ? 'stray' : args[0])
        .and.contain('Usage:')
      expect(child.output).to.equal('')
    })
  }

  it('exits with 1 if the port is taken', async () => {
    const first = start('--port', '0')
    const [, port = ''] = await printed(first, /at http:\/\/127\.0\.0\.1:(\d+)/)
    const second = start('--port', port)
    expect(await ended(second)).to.equal(1)
    expect(second.errors).to.contain('EADDRINUSE')
    first.kill('SIGTERM')
    await ended(first)
  })
})
