// Preloaded into processes whose client has WeChat's host names built in: connections to them go to the sandbox instead, as if a
// name server said so. Nothing else of the process is changed. Its certificate authority is trusted by NODE_EXTRA_CA_CERTS.
'use strict'
const { Socket } = require('node:net')

const port = Number(process.env.BENCH_WECHAT_PORT)
const { connect } = Socket.prototype

Socket.prototype.connect = function (...args) {
  // Within Node.js the arguments come as one array.
  const [options, ...others] = Array.isArray(args[0]) ? args[0] : args
  if (typeof options?.host === 'string' && options.host.endsWith('.weixin.qq.com')) {
    return connect.call(this, { ...options, host: '127.0.0.1', port }, ...others)
  }
  return connect.apply(this, args)
}
