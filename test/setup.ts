// Mocha passes a test whose floating promise rejects; thrown again, the rejection fails the run.
function fail(reason: unknown): never {
  throw reason
}

function guard(): void {
  if (!process.listeners('unhandledRejection').includes(fail)) process.on('unhandledRejection', fail)
}

guard()

// Once more for each file: a worker of `mocha --parallel` runs many, and drops all listeners after each.
export const mochaHooks = { beforeAll: guard }
