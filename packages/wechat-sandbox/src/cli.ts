#!/usr/bin/env node
import { writeFile } from 'node:fs/promises'
import { parseArguments, usage, type CliArguments } from './cli-arguments.js'
import type { Sandbox } from './sandbox.js'
import { startSandbox } from './start-sandbox.js'

function describe(sandbox: Sandbox): string {
  return [
    `WeChat sandbox (not WeChat) at ${sandbox.url}`,
    '',
    'Apps:',
    ...sandbox.apps.map(
      ({ type, appId, appSecret, domains }) =>
        `  ${type.padEnd(12)} appid ${appId}  secret ${appSecret}${domains ? `  domains ${domains.join(', ')}` : ''}`,
    ),
    'Users:',
    ...sandbox.users.map(({ id, nickname }) => `  ${id.padEnd(12)} ${nickname}`),
    '',
    `Mini-program console: ${sandbox.url}/__sandbox/miniprogram`,
    '',
  ].join('\n')
}

async function describeTls({ tls }: Sandbox, caFile: string | undefined): Promise<string> {
  if (!tls) return ''
  const intro = `TLS for WeChat's host names on port ${tls.port}. Clients must trust this run's certificate authority:`
  if (caFile === undefined) return `${intro}\n${tls.ca}\n`
  await writeFile(caFile, tls.ca)
  return `${intro} ${caFile}\n`
}

function stopOnSignal(sandbox: Sandbox): void {
  const stop = (): void => void sandbox.close()
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
}

async function main(args: string[]): Promise<void> {
  let parsed: CliArguments
  try {
    parsed = parseArguments(args)
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${usage}`)
    process.exitCode = 2
    return
  }
  if (parsed.help) {
    process.stdout.write(usage)
    return
  }
  const sandbox = await startSandbox(parsed.options)
  stopOnSignal(sandbox)
  process.stdout.write(describe(sandbox) + (await describeTls(sandbox, parsed.caFile)))
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`wechat-sandbox: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
})
