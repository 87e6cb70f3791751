import { parseArgs } from 'node:util'
import { closeAtTheEnd, loadEnvFile, portOf } from '../../shared/demo.js'
import { startDemo, type Demo } from './start.js'

const help = `The server of a mini-program, and a sandbox that plays WeChat.

Usage: npm start -- [options]

  --port <number>           port of the server (default 3000; 0: any free one)
  --sandbox-port <number>   port of the sandbox (default 3001; 0: any free one)
  --host <address>          where the server listens (default 127.0.0.1: only this machine can reach it)
  --file <name>             database of sessions and users (default miniprogram.sqlite; :memory: for none)
  --help                    show this text

A taken port is replaced by a free one. To use the real WeChat, copy .env.example to .env.
`

try {
  await main()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '3000' },
      'sandbox-port': { type: 'string', default: '3001' },
      host: { type: 'string', default: '127.0.0.1' },
      file: { type: 'string', default: 'miniprogram.sqlite' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(help)
    return
  }
  loadEnvFile(new URL('../.env', import.meta.url))
  const port = portOf('--port', values.port)
  const sandboxPort = portOf('--sandbox-port', values['sandbox-port'])
  const demo = await startDemo({ port, sandboxPort, host: values.host, file: values.file, env: process.env })
  closeAtTheEnd(demo)
  announce(demo, values.file)
}

function announce({ url, sandbox, consoleUrl }: Demo, file: string): void {
  const lines = ['', `  Server    ${url}`]
  if (sandbox && consoleUrl !== undefined) {
    lines.push(
      `  Log in    ${consoleUrl}`,
      `  WeChat    ${sandbox.url}, a sandbox: no account and no internet needed`,
    )
  } else {
    lines.push('  WeChat    the real one, with the mini-program that the environment names')
  }
  lines.push(`  Sessions  ${file}`, '  Stop      Ctrl+C', '')
  console.log(lines.join('\n'))
}
