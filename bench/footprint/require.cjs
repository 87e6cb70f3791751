// Milliseconds until the package that the first argument names can be used, in a fresh process; on standard output.
'use strict'
const { performance } = require('node:perf_hooks')

const started = performance.now()
require(process.argv[2])
process.stdout.write(String(performance.now() - started))
