'use strict'

// Requests of a mini-program to its own server, with a session token in place of the cookies that it does not have.
// Copy this file into the mini-program. It needs nothing but WeChat's `wx`, and no build.

const defaultPaths = {
  logIn: '/login',
  refresh: '/refresh',
  logOut: '/logout',
  logOutEverywhere: '/logout/everywhere',
}
const day = 24 * 60 * 60 * 1000

/**
 * Why a request has no answer, or a login no token. `code` is one of
 *
 * - `ERR_NETWORK`: the server was not reached. `errMsg` and `errno` are WeChat's
 * - `ERR_WX_LOGIN`: `wx.login` gave no code; likewise
 * - `ERR_LOGIN`: the server gave no token for the code. `statusCode` is what it answered
 * - `ERR_UNAUTHORIZED`: the server does not accept a token that it has just issued
 * - `ERR_LOGGED_OUT`: the user has logged out; `logIn` ends that
 * - `ERR_LOG_OUT`: the server did not end the session, or the sessions; `statusCode`
 */
class SessionError extends Error {
  /**
   * @param {string} code
   * @param {string} message
   * @param {{ statusCode?: number, errMsg?: string, errno?: number }} [details]
   */
  constructor(code, message, details) {
    super(message)
    this.name = 'SessionError'
    this.code = code
    Object.assign(this, details)
  }
}

/**
 * @typedef {{ token?: string, expiresAt?: number, loggedOut?: boolean }} Kept what is kept in the storage
 * @typedef {Kept & { answer?: object }} Renewed a token, and what the server told with it
 * @typedef {{ path: string, method?: string, data?: unknown, header?: Record<string, string>, timeout?: number }} Request
 */

/**
 * One for the whole mini-program: what waits for a login must know of each other.
 *
 * @param {object} options
 * @param {string} options.server scheme, host and port, as registered with WeChat; a path may follow
 * @param {string} [options.device] what the user knows this device by, in the list of devices
 * @param {Partial<typeof defaultPaths>} [options.paths] of the server, where they are others
 * @param {string} [options.storageKey]
 * @param {number} [options.timeout] milliseconds for `wx.login` and each request; default 10000
 * @param {number} [options.refreshBefore] milliseconds before its end that a token is exchanged for a new one; default a day
 */
function createSession({
  server,
  device,
  paths,
  storageKey = 'wechat-session',
  timeout = 10000,
  refreshBefore = day,
}) {
  if (!/^https?:\/\/[^/?#]+/.test(server))
    throw new TypeError('server must be an address such as https://api.example.com')
  const base = server.replace(/\/+$/, '')
  const at = Object.assign({}, defaultPaths, paths)

  let kept = restored()
  // A device's clock may be wrong: it makes for one new token in a launch. After that the server's 401 alone counts.
  let hasRenewed = false
  /** @type {Promise<Renewed> | undefined} what all requests wait for */
  let renewal
  let isLoggingIn = false
  let logOuts = 0

  /**
   * Like `wx.request`, and resolves with its answer whatever the status; 401 alone is dealt with here: by one login, however
   * many requests wait for it, and the same request once more.
   *
   * @param {Request} options those of `wx.request`, with a `path` in place of the `url`, so that a token goes to no other server
   * @returns {Promise<WxAnswer>}
   */
  async function request(options) {
    if (typeof options.path !== 'string' || options.path[0] !== '/')
      throw new TypeError('path must begin with /')
    const logOutsBefore = logOuts
    /** @param {Promise<string>} token */
    const sendWith = async (token) => {
      const value = await token
      // Whoever logged out meanwhile must not be logged in again by a request of before.
      if (logOuts !== logOutsBefore) throw loggedOut()
      return { value, answer: await send(options, value) }
    }
    const first = await sendWith(currentToken())
    if (first.answer.statusCode !== 401) return first.answer
    if (logOuts !== logOutsBefore) throw loggedOut()
    const { answer } = await sendWith(tokenAfter(first.value))
    if (answer.statusCode === 401)
      throw new SessionError('ERR_UNAUTHORIZED', 'The server does not accept the token that it has issued')
    return answer
  }

  /**
   * Logs in with WeChat, without asking the user anything. Requests do so by themselves, except after a logout.
   *
   * @returns {Promise<object>} what the server told, the token apart: the user, and whether they are new
   */
  async function logIn() {
    if (kept.loggedOut) keep({})
    const { answer } = await (renewal && isLoggingIn ? renewal : renew(newLogin, true))
    return Object.assign({}, answer)
  }

  /**
   * Ends this device's session. From then on no request logs in, until `logIn` is called, in later launches too. Where it
   * rejects, this device is logged out all the same, but the server does not know.
   */
  async function logOut() {
    const before = kept
    const pending = renewal || Promise.resolve(kept)
    forget()
    const { token } = await pending.catch(() => before)
    if (!token) return
    const { statusCode } = await send({ path: at.logOut, method: 'POST' }, token)
    if (!isGood(statusCode) && statusCode !== 401)
      throw new SessionError('ERR_LOG_OUT', 'The server did not end the session', { statusCode })
  }

  /** Ends all sessions of the user. Where it rejects, nothing has changed. Other devices log in again when they are used. */
  async function logOutEverywhere() {
    const { statusCode } = await request({ path: at.logOutEverywhere, method: 'POST' })
    if (!isGood(statusCode))
      throw new SessionError('ERR_LOG_OUT', 'The server did not end the sessions', { statusCode })
    // A request that noticed the end of the session before this did is logging in again.
    if (renewal) await logOut()
    else forget()
  }

  return { request, logIn, logOut, logOutEverywhere }

  /** @returns {Promise<string>} */
  async function currentToken() {
    if (kept.loggedOut) throw loggedOut()
    if (renewal) return tokenOf(await renewal)
    if (!kept.token) return tokenOf(await renew(newLogin, true))
    const isEnding =
      !hasRenewed && kept.expiresAt !== undefined && kept.expiresAt - Date.now() < refreshBefore
    return isEnding ? tokenOf(await renew(refreshed, false)) : kept.token
  }

  /**
   * @param {string} refused
   * @returns {Promise<string>}
   */
  async function tokenAfter(refused) {
    if (renewal) return tokenOf(await renewal)
    // Another request was answered 401 before, and the login that it began is over.
    if (kept.token && kept.token !== refused) return kept.token
    return tokenOf(await renew(newLogin, true))
  }

  /**
   * @param {() => Promise<Renewed>} how
   * @param {boolean} byLogin
   */
  function renew(how, byLogin) {
    hasRenewed = true
    isLoggingIn = byLogin
    const own = how().then((renewed) => {
      // A logout, or a login that the user asked for, may have come in between.
      if (renewal === own) keep({ token: renewed.token, expiresAt: renewed.expiresAt })
      return renewed
    })
    renewal = own
    const end = () => {
      if (renewal === own) renewal = undefined
    }
    own.then(end, end)
    return own
  }

  /** @returns {Promise<Renewed>} */
  async function newLogin() {
    const code = await wxLogin(timeout)
    const { statusCode, data } = await send({ path: at.logIn, method: 'POST', data: { code, device } })
    const renewed = isGood(statusCode) ? renewedBy(data) : undefined
    if (!renewed)
      throw new SessionError('ERR_LOGIN', `The server gave no token: it answered ${statusCode}`, {
        statusCode,
      })
    return renewed
  }

  /** @returns {Promise<Renewed>} */
  async function refreshed() {
    const old = kept
    // Should the answer get lost after the server has made a new token of the old one, then a 401 will tell.
    const answer = await send({ path: at.refresh, method: 'POST' }, tokenOf(old)).catch(() => undefined)
    if (answer && answer.statusCode === 401) return newLogin()
    return (answer && isGood(answer.statusCode) && renewedBy(answer.data)) || old
  }

  /**
   * @param {Request} options
   * @param {string} [token]
   * @returns {Promise<WxAnswer>}
   */
  function send(options, token) {
    return new Promise((resolve, reject) => {
      wx.request(
        Object.assign({ timeout }, options, {
          url: base + options.path,
          header: Object.assign({}, options.header, token && { Authorization: `Bearer ${token}` }),
          success: resolve,
          fail: reasonFor('ERR_NETWORK', 'The server was not reached', reject),
        }),
      )
    })
  }

  function forget() {
    logOuts += 1
    renewal = undefined
    keep({ loggedOut: true })
  }

  /** @param {Kept} next */
  function keep(next) {
    kept = next
    try {
      wx.setStorageSync(storageKey, next)
    } catch (error) {
      console.warn('The session is kept until the mini-program ends only', error)
    }
  }

  /** @returns {Kept} */
  function restored() {
    try {
      const { token, expiresAt, loggedOut } = Object(wx.getStorageSync(storageKey))
      if (loggedOut === true) return { loggedOut }
      return typeof token === 'string' && token !== '' ? { token, expiresAt } : {}
    } catch (error) {
      console.warn('The storage could not be read', error)
      return {}
    }
  }
}

/**
 * @param {number} timeout
 * @returns {Promise<string>}
 */
function wxLogin(timeout) {
  return new Promise((resolve, reject) => {
    const fail = reasonFor('ERR_WX_LOGIN', 'wx.login gave no code', reject)
    // Everything waits for this: it must end, even if WeChat does not call back.
    const timer = setTimeout(() => fail({ errMsg: 'login:fail timeout' }), timeout)
    wx.login({
      timeout,
      success: (result) => {
        clearTimeout(timer)
        if (result.code) resolve(result.code)
        else fail(result)
      },
      fail: (failure) => {
        clearTimeout(timer)
        fail(failure)
      },
    })
  })
}

/**
 * @param {string} code
 * @param {string} message
 * @param {(error: SessionError) => void} reject
 * @returns {(failure: WxFailure) => void}
 */
function reasonFor(code, message, reject) {
  return ({ errMsg, errno }) => reject(new SessionError(code, message, { errMsg, errno }))
}

/**
 * @param {unknown} data
 * @returns {Renewed | undefined}
 */
function renewedBy(data) {
  const answer = Object.assign({}, Object(data))
  const { token, expiresAt } = answer
  if (typeof token !== 'string' || token === '') return undefined
  delete answer.token
  return { token, expiresAt, answer }
}

/** @param {Renewed} renewed */
function tokenOf({ token }) {
  return String(token)
}

/** @param {number} statusCode */
function isGood(statusCode) {
  return statusCode >= 200 && statusCode < 300
}

function loggedOut() {
  return new SessionError('ERR_LOGGED_OUT', 'The user has logged out')
}

module.exports = { createSession, SessionError }
