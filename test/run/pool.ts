import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { TestFiles } from './files.js'
import type { FromWorker, ToWorker } from './messages.js'

export interface PoolOptions {
  /** How many files run at the same time, and one more that waits. */
  jobs: number
  /** The Node.js that runs the tests. */
  execPath: string
  /** Flags of Node.js: what is imported by the name of a package, its sources or what was built. */
  execArgv: readonly string[]
  env: NodeJS.ProcessEnv
  onStart: (file: string) => void
  onMessage: (file: string, message: FromWorker) => void
  /** What a worker prints; most of it tells which servers the tests use. */
  onPrint: (text: string) => void
}

const worker = fileURLToPath(new URL('worker.ts', import.meta.url))

/** Milliseconds that a worker has to end by itself when there is nothing left to do. */
const timeToEnd = 20_000

/**
 * Runs all files. One process takes only files that wait: beside the others it costs little, and most files that need
 * a server share the one that it started. The others help it when they have nothing else to do.
 */
export async function runFiles(files: TestFiles, options: PoolOptions): Promise<void> {
  const working = [...files.working]
  const waiting = [...files.waiting]
  const lanes = Array.from({ length: options.jobs }, () =>
    runLane(() => working.shift() ?? waiting.pop(), options),
  )
  await Promise.all([...lanes, runLane(() => waiting.shift(), options)])
}

async function runLane(next: () => string | undefined, options: PoolOptions): Promise<void> {
  let child: ChildProcess | undefined
  let ran: string[] = []
  for (let file = next(); file !== undefined; file = next()) {
    if (!child) [child, ran] = [start(options), []]
    ran.push(file)
    options.onStart(file)
    if (!(await runOne(child, file, options))) child = undefined
  }
  if (child) await end(child, ran, options)
}

function start({ execPath, execArgv, env, onPrint }: PoolOptions): ChildProcess {
  const child = fork(worker, {
    execPath,
    execArgv: [...execArgv],
    env,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', onPrint)
  return child
}

/** @returns `false` when the worker ended with the file */
async function runOne(child: ChildProcess, file: string, { onMessage }: PoolOptions): Promise<boolean> {
  return new Promise((resolve) => {
    const startedAt = performance.now()
    const stop = (isAlive: boolean): void => {
      child.off('message', listen).off('exit', fail)
      resolve(isAlive)
    }
    const listen = (message: FromWorker): void => {
      onMessage(file, message)
      if (message.kind === 'done') stop(true)
    }
    const fail = (code: number | null, signal: string | null): void => {
      const failure = {
        message: `the process of this file ended with ${String(code ?? signal)}`,
        stack: '',
        diff: '',
      }
      onMessage(file, { kind: 'failed', titles: [file], failure })
      onMessage(file, { kind: 'done', ms: performance.now() - startedAt })
      stop(false)
    }
    child.on('message', listen).on('exit', fail)
    child.send({ file } satisfies ToWorker)
  })
}

async function end(child: ChildProcess, ran: readonly string[], { onMessage }: PoolOptions): Promise<void> {
  const exit = once(child, 'exit')
  child.send('end' satisfies ToWorker)
  const tooLate = setTimeout(() => child.kill('SIGKILL'), timeToEnd)
  await exit
  clearTimeout(tooLate)
  if (!child.killed) return
  const message = `something was left open, so that the process of these files did not end: ${ran.join(', ')}`
  onMessage(ran.at(-1) ?? '', {
    kind: 'failed',
    titles: ['the end of the tests'],
    failure: { message, stack: '', diff: '' },
  })
}
