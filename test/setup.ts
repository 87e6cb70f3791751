// Mocha passes a test whose floating promise rejects. Throwing the rejection again fails the run.
function fail(reason: unknown): never {
  throw reason
}

function guard(): void {
  if (!process.listeners('unhandledRejection').includes(fail)) process.on('unhandledRejection', fail)
}

guard()

// Registered again for each file, because a worker of `mocha --parallel` removes all listeners after each file.
export const mochaHooks = { beforeAll: guard }
