// The web application around a client. It listens on a free port, prints it, and answers /ACCOUNT/ACTION?…:
//   login               sends the browser to WeChat
//   callback?code=…     takes it back, and answers who it is
//   other actions       what the client can do besides
// An action answers a URL to redirect to, or JSON. What it throws is a 500.
const { createServer } = require('node:http')

/** By name: appId and appSecret. */
exports.accounts = JSON.parse(process.env.ACCOUNTS)

/** For clients with Node.js's callbacks. */
exports.promised = (start) =>
  new Promise((resolve, reject) => {
    start((error, result) => (error ? reject(error) : resolve(result)))
  })

/**
 * @param actions - (account, what the query says, where the application is): a URL as a string, or what becomes JSON
 */
exports.answer = (actions) =>
  exports.listen(async (request, response) => {
    const url = new URL(request.url, `http://${request.headers.host}`)
    const [, account, action] = url.pathname.split('/')
    try {
      const answer = await actions[action](account, Object.fromEntries(url.searchParams), url.origin)
      if (typeof answer === 'string') response.writeHead(302, { location: answer }).end()
      else response.end(JSON.stringify(answer))
    } catch (error) {
      exports.complain(error, request, response)
    }
  })

/** For Express too. */
exports.complain = (error, _request, response, next) => {
  if (response.headersSent) return next(error)
  const { message, code } = error
  response.statusCode = 500
  response.end(JSON.stringify({ message, code }))
}

exports.listen = (listener) => {
  const server = createServer(listener)
  server.listen(0, '127.0.0.1', () => console.log(server.address().port))
}
