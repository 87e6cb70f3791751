/**
 * Runs `task` for at most `ms`: then rejects with what `onTimeout` makes and aborts the signal, whether the task listens
 * to it or not. (Not `AbortSignal.timeout`: that one keeps its timer, and fake clocks do not drive it.)
 */
export async function withTimeout<T>(ms: number, task: (signal: AbortSignal) => Promise<T>, onTimeout: () => Error): Promise<T> {
  const controller = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const timedOut = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(onTimeout())
      controller.abort()
    }, ms)
  })
  try {
    return await Promise.race([task(controller.signal), timedOut])
  } finally {
    clearTimeout(timer)
  }
}
