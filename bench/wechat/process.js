// Runs the sandbox and the slow line to it in one process.
import { startSandbox } from '@wechat-auth/wechat-sandbox'
import { answer } from '../lib/answer.js'
import { startSlowLine } from './slow-line.js'

const quotas = { tokensPerDay: 1e9, stableTokensPerDay: 1e9, stableTokensPerMinute: 1e9 }
const sandbox = await startSandbox({ tls: { port: 0 }, ...quotas })
let delay = 0
const linePort = await startSlowLine(sandbox.tls.port, () => delay)

answer({
  where: () => ({ url: sandbox.url, ca: sandbox.tls.ca, port: linePort, apps: sandbox.apps }),
  setDelay: (ms) => {
    delay = ms
  },
  issueCodes: (appId, count) =>
    Array.from({ length: count }, () => sandbox.issueCode({ appId, user: 'alice' })),
  count: (path) => sandbox.count(path),
  connections: () => sandbox.connections,
  fail: (path, fault) => sandbox.fail(path, fault),
})
