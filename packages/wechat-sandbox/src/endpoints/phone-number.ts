import type { Call } from '../http/call.js'
import type { World } from '../world/world.js'
import { checkCaller, checkJson, type Fields } from './app-checks.js'
import { accept, refuse, type Checked } from './checks.js'

/** `POST /wxa/business/getuserphonenumber` */
export function readPhoneNumber(world: World, call: Call): Checked<Fields> {
  const app = checkCaller(world, call, 'miniprogram')
  if (!app.ok) return app
  const body = checkJson(call)
  if (!body.ok) return body
  const { code, openid } = body.value
  const found = typeof code === 'string' ? world.phoneCodes.look(code, app.value.appId) : undefined
  if (!found) return refuse(40029)
  const {
    grant: { userId, number, countryCode },
    use,
  } = found
  if (openid !== undefined && openid !== world.openid(app.value, userId)) return refuse(40003)
  if (world.users.get(userId).state === 'frozen') return refuse(50002)
  use()
  return accept({
    errcode: 0,
    errmsg: 'ok',
    phone_info: {
      phoneNumber: countryCode === '86' ? number : `+${countryCode}${number}`,
      purePhoneNumber: number,
      countryCode: world.settings.numericCountryCode ? Number(countryCode) : countryCode,
      watermark: { timestamp: Math.floor(world.clock.now() / 1000), appid: app.value.appId },
    },
  })
}
