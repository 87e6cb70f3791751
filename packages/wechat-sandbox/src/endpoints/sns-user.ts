import { param, type Call } from '../http/call.js'
import type { Authorization } from '../world/tokens.js'
import type { World } from '../world/world.js'
import { accept, refuse, type Checked } from './checks.js'

type Fields = Record<string, unknown>

/** WeChat's nickname for users whose data it hides. */
const namelessNickname = '微信用户'

/** Checks the access token and its openid. */
function checkToken(world: World, call: Call, unknownToken: number): Checked<Authorization> {
  const accessToken = param(call, 'access_token')
  if (accessToken === '') return refuse(41001)
  const openid = param(call, 'openid')
  if (openid === '') return refuse(41009)
  const found = world.tokens.lookAtAccessToken(accessToken)
  switch (found.state) {
    case 'unknown':
      return refuse(unknownToken)
    case 'expired':
      return refuse(42001)
    case 'revoked':
      return refuse(42007)
    case 'valid':
      return found.authorization.openid === openid ? accept(found.authorization) : refuse(40003)
  }
}

function mayReadUser(scope: string): boolean {
  return scope.split(',').some((one) => one === 'snsapi_userinfo' || one === 'snsapi_login')
}

/** `GET /sns/userinfo`. Since October 2021, sex, language and place are empty for everybody. */
export function readUser(world: World, call: Call): Checked<Fields> {
  const checked = checkToken(world, call, 40001)
  if (!checked.ok) return checked
  const { openid, unionid, scope, snapshot, userId } = checked.value
  if (!mayReadUser(scope)) return refuse(48001)
  const user = world.users.get(userId)
  if (user.state === 'frozen') return refuse(50002)
  return accept({
    openid,
    nickname: snapshot ? namelessNickname : user.nickname,
    sex: 0,
    language: '',
    city: '',
    province: '',
    country: '',
    headimgurl: snapshot ? '' : user.headimgurl,
    privilege: [],
    ...(unionid === undefined ? {} : { unionid }),
  })
}

/** `GET /sns/auth`: whether an access token is valid. */
export function checkAccessToken(world: World, call: Call): Checked<Fields> {
  const checked = checkToken(world, call, 40014)
  if (!checked.ok) return checked
  if (world.users.get(checked.value.userId).state === 'frozen') return refuse(50002)
  return accept({ errcode: 0, errmsg: 'ok' })
}
