import type { PageLang } from '../pages/views.js'

const wechatOrder = [
  'appid',
  'redirect_uri',
  'response_type',
  'scope',
  'state',
  'forcePopup',
  'forceSnapShot',
]

/** Whether the parameters are in the order that WeChat requires: it matches the link with a pattern. */
export function isInOrder(query: URLSearchParams): boolean {
  const positions = [...query.keys()]
    .map((name) => wechatOrder.indexOf(name))
    .filter((position) => position >= 0)
  return positions.every((position, index) => index === 0 || position > (positions[index - 1] ?? -1))
}

export function orderWarning(lang: PageLang): string {
  return lang === 'en'
    ? `The parameters are not in the order that WeChat requires: ${wechatOrder.slice(0, 5).join(', ')}.`
    : `参数顺序与微信要求的不同：${wechatOrder.slice(0, 5).join('、')}。`
}
