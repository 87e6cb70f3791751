// Prints how many milliseconds it takes to require the package that the first argument names.
'use strict'
const { performance } = require('node:perf_hooks')

const started = performance.now()
require(process.argv[2])
process.stdout.write(String(performance.now() - started))
