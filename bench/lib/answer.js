// Plain JavaScript, because no TypeScript loader may run in the measured processes.

/** Answers the calls of the parent process (see `Subject`) with these functions, and ends with it. */
export function answer(commands) {
  process.on('message', ({ id, command, args }) => {
    new Promise((resolve) => {
      resolve(commands[command](...args))
    }).then(
      (value) => process.send({ id, value }),
      (error) => process.send({ id, error: String(error?.stack ?? error) }),
    )
  })
  process.on('disconnect', () => process.exit())
  process.on('SIGTERM', () => process.exit())
  process.send({ id: 0 })
}

/** CPU time of this process so far, in microseconds. */
export function cpuTime() {
  const { user, system } = process.cpuUsage()
  return user + system
}
