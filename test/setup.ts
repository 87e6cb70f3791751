// Mocha passes a test whose floating promise rejects; thrown again, the rejection fails the run.
process.on('unhandledRejection', (reason) => {
  throw reason
})
