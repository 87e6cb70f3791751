/** Runs `task` and answers as it does, but after `ms` rejects with what `late` makes. A throw becomes a rejection. */
export async function within<T>(ms: number, task: () => T | PromiseLike<T>, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const timedOut = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(late()), ms)
  })
  try {
    return await Promise.race([call(task), timedOut])
  } finally {
    clearTimeout(timer)
  }
}

async function call<T>(task: () => T | PromiseLike<T>): Promise<T> {
  return task()
}
