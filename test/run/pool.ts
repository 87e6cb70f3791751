import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { TestFiles } from './files.js'
import type { FromWorker, ToWorker } from './messages.js'

export interface PoolOptions {
  /** The number of files that run at the same time, besides one file that mostly waits. */
  jobs: number
  /** The path of the Node.js that runs the tests. */
  execPath: string
  /** The flags of Node.js, which choose between the sources and the builds of the packages. */
  execArgv: readonly string[]
  env: NodeJS.ProcessEnv
  onStart: (file: string) => void
  onMessage: (file: string, message: FromWorker) => void
  /** Called with the output of a worker, which mostly names the servers that the tests use. */
  onPrint: (text: string) => void
}

const worker = fileURLToPath(new URL('worker.ts', import.meta.url))

/** Milliseconds that an idle worker has to exit. */
const timeToEnd = 20_000

/**
 * Runs all files. One extra process takes only files that mostly wait. It costs little, and most files that need a server
 * share the one that it started. The other processes take such files when they have no others left.
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

/** @returns `false` if the worker exited while it ran the file */
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
        message: `the process of this file exited with ${String(code ?? signal)}`,
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
  const message = `the process of these files did not exit, because a test left something open: ${ran.join(', ')}`
  onMessage(ran.at(-1) ?? '', {
    kind: 'failed',
    titles: ['the end of the tests'],
    failure: { message, stack: '', diff: '' },
  })
}
