// Plain JavaScript, as it runs in the measured processes, where no translator of TypeScript may be loaded.

/** Answers the calls of the process that started this one (`Subject` there) with these functions; ends with it. */
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
