'use strict'

// Sends a mini-program's requests to its own server, with a session token, because mini-programs have no cookies.
// Copy this file into the mini-program. It needs only WeChat's `wx`, and no build step.

const defaultPaths = {
  logIn: '/login',
  refresh: '/refresh',
  logOut: '/logout',
  logOutEverywhere: '/logout/everywhere',
}
const day = 24 * 60 * 60 * 1000

/**
 * Why a request has no response, or a login has no token. `code` is one of
 *
 * - `ERR_NETWORK`: the server could not be reached. `errMsg` and `errno` come from WeChat
 * - `ERR_WX_LOGIN`: `wx.login` returned no code. `errMsg` and `errno` come from WeChat
 * - `ERR_LOGIN`: the server returned no token for the code. `statusCode` is the status of its response
 * - `ERR_UNAUTHORIZED`: the server does not accept a token that it has just issued
 * - `ERR_LOGGED_OUT`: the user has logged out. Call `logIn`
 * - `ERR_LOG_OUT`: the server did not end the session or sessions. See `statusCode`
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
 * @typedef {{ token?: string, expiresAt?: number, loggedOut?: boolean }} Kept the contents of the storage
 * @typedef {Kept & { answer?: object }} Renewed a token, and what the server sent with it
 * @typedef {{ path: string, method?: string, data?: unknown, header?: Record<string, string>, timeout?: number }} Request
 */

/**
 * Creates the session of a mini-program. Create only one, so that all requests wait for the same login.
 *
 * @param {object} options
 * @param {string} options.server scheme, host and port, as registered with WeChat; a path may follow
 * @param {string} [options.device] the name of this device in the user's list of devices
 * @param {Partial<typeof defaultPaths>} [options.paths] the server's paths, if they differ from the default
 * @param {string} [options.storageKey]
 * @param {number} [options.timeout] milliseconds for `wx.login` and each request; default 10000
 * @param {number} [options.refreshBefore] a token that expires within this many milliseconds is exchanged for a new one; default a day
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
  // A device's clock may be wrong, so it causes at most one new token per launch. After that, only a 401 counts.
  let hasRenewed = false
  /** @type {Promise<Renewed> | undefined} all requests wait for this */
  let renewal
  let isLoggingIn = false
  let logOuts = 0

  /**
   * Works like `wx.request`, and resolves to the response, whatever its status. Only a 401 is handled here: with one login,
   * however many requests wait for it, and a second try of each request.
   *
   * @param {Request} options as of `wx.request`, but with `path` instead of `url`, so that no other server gets a token
   * @returns {Promise<WxAnswer>}
   */
  async function request(options) {
    if (typeof options.path !== 'string' || options.path[0] !== '/')
      throw new TypeError('path must start with /')
    const logOutsBefore = logOuts
    /** @param {Promise<string>} token */
    const sendWith = async (token) => {
      const value = await token
      // A request from before a logout must not log the user in again.
      if (logOuts !== logOutsBefore) throw loggedOut()
      return { value, answer: await send(options, value) }
    }
    const first = await sendWith(currentToken())
    if (first.answer.statusCode !== 401) return first.answer
    if (logOuts !== logOutsBefore) throw loggedOut()
    const { answer } = await sendWith(tokenAfter(first.value))
    if (answer.statusCode === 401)
      throw new SessionError(
        'ERR_UNAUTHORIZED',
        'The server does not accept the token that it has just issued',
      )
    return answer
  }

  /**
   * Logs in with WeChat, without asking the user anything. Requests do this automatically, except after a logout.
   *
   * @returns {Promise<object>} what the server sent besides the token: the user, and whether they are new
   */
  async function logIn() {
    if (kept.loggedOut) keep({})
    const { answer } = await (renewal && isLoggingIn ? renewal : renew(newLogin, true))
    return Object.assign({}, answer)
  }

  /**
   * Ends this device's session. After that, no request logs in until `logIn` is called, not even in a later launch. If it
   * rejects, this device is still logged out, but the session on the server remains.
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

  /** Ends all sessions of the user. If it rejects, nothing has changed. Other devices log in again when they are used. */
  async function logOutEverywhere() {
    const { statusCode } = await request({ path: at.logOutEverywhere, method: 'POST' })
    if (!isGood(statusCode))
      throw new SessionError('ERR_LOG_OUT', 'The server did not end the sessions', { statusCode })
    // A request that got a 401 in the meantime is already logging in again.
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
    // Another request got a 401 first, and its login has finished.
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
      // The user may have logged out or in again in the meantime.
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
      throw new SessionError('ERR_LOGIN', `The server returned no token, but status ${statusCode}`, {
        statusCode,
      })
    return renewed
  }

  /** @returns {Promise<Renewed>} */
  async function refreshed() {
    const old = kept
    // If the server replaced the token but the response was lost, the next request gets a 401.
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
          fail: reasonFor('ERR_NETWORK', 'The server could not be reached', reject),
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
      console.warn('The session could not be stored and will be lost when the mini-program ends', error)
    }
  }

  /** @returns {Kept} */
  function restored() {
    try {
      const { token, expiresAt, loggedOut } = Object(wx.getStorageSync(storageKey))
      if (loggedOut === true) return { loggedOut }
      return typeof token === 'string' && token !== '' ? { token, expiresAt } : {}
    } catch (error) {
      console.warn('The stored session could not be read', error)
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
    const fail = reasonFor('ERR_WX_LOGIN', 'wx.login returned no code', reject)
    // All requests wait for this, so it must end even if WeChat does not call back.
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
