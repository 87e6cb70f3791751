import { WechatOAuth } from '@wechat-auth/wechat-oauth'
import type { Page } from 'playwright-core'
import { deadURL } from '../helpers/loopback-server.js'
import { answer, at, showsStatus, showsVerdict } from './steps.js'
import { wechat, type Scene } from './stage.js'

/** Leads an empty page to something that people see. */
type Way = (page: Page, scene: Scene) => Promise<unknown>

export interface Sight {
  name: string
  lead: Way
  headers?: Record<string, string>
}

function open(path: string): Way {
  return (page, { url }) => page.goto(url + path)
}

function openSandbox(path: string): Way {
  return (page, { sandbox }) => page.goto(sandbox.url + path)
}

const consent = open('/auth/wechat/mp')

function decide(decision: string): Way {
  return async (page, scene) => {
    await consent(page, scene)
    await answer(page, decision)
  }
}

function profile(user: string): Way {
  return async (page, scene) => {
    scene.sandbox.updateUser(user, { silent: true })
    scene.sandbox.currentUser = user
    await consent(page, scene)
    await at(page, '/profile')
  }
}

async function qrPage(page: Page, scene: Scene): Promise<void> {
  await open('/auth/wechat/website')(page, scene)
  await showsStatus(page, 'qr-status', 'waiting')
}

/** What somebody does at the phone, without a phone. */
async function onPhone(page: Page, decision?: 'confirm' | 'cancel'): Promise<void> {
  const address = (await page.getByTestId('qr-open-phone').getAttribute('href')) ?? ''
  const uuid = new URL(address).searchParams.get('uuid') ?? ''
  await page.request.get(address)
  if (decision)
    await page.request.post(new URL('/connect/confirm', address).href, {
      form: { uuid, user: 'alice', decision },
    })
}

/** Keeps the pages that redirect automatically: the application answers 204. */
function stay(page: Page): Promise<unknown> {
  return page.route('**/auth/wechat/callback?*', (route) => route.fulfill({ status: 204 }))
}

function qr(status: 'scanned' | 'cancelled' | 'confirmed'): Way {
  return async (page, scene) => {
    await stay(page)
    await qrPage(page, scene)
    await onPhone(
      page,
      { scanned: undefined, cancelled: 'cancel' as const, confirmed: 'confirm' as const }[status],
    )
    await showsStatus(page, 'qr-status', status)
  }
}

async function phonePage(page: Page, scene: Scene): Promise<void> {
  await qrPage(page, scene)
  await page.goto((await page.getByTestId('qr-open-phone').getAttribute('href')) ?? '')
}

function decideOnPhone(decision: string, status: string): Way {
  return async (page, scene) => {
    await phonePage(page, scene)
    await page.getByTestId(decision).click()
    await showsStatus(page, 'phone-status', status)
  }
}

async function inlineQr(page: Page, scene: Scene): Promise<void> {
  await open('/?qr=here')(page, scene)
  await showsStatus(page.frameLocator('[data-testid="inline-qr-frame"]'), 'qr-status', 'waiting')
}

async function miniProgram(page: Page, scene: Scene): Promise<void> {
  await open('/')(page, scene)
  await page.goto((await page.getByTestId('login-miniprogram').getAttribute('href')) ?? '')
}

async function wxLogin(page: Page, scene: Scene): Promise<void> {
  await miniProgram(page, scene)
  await page.getByTestId('mp-encrypted').check()
  await page.getByTestId('mp-login').click()
  await page.getByTestId('mp-copy').waitFor()
}

async function send(page: Page): Promise<void> {
  await page.getByTestId('mp-send').click()
  await page.locator('[data-testid="mp-status"][data-kind]').waitFor()
}

function insideWechat(path: string, status: Parameters<typeof showsVerdict>[1]): Way {
  return async (page, scene) => {
    // The sandbox as new does not know the ticket that the application has.
    const { appId, appSecret } = scene.sandbox.apps.find(({ type }) => type === 'mp')!
    const oauth = new WechatOAuth({ appId, appSecret, endpoints: scene.sandbox.endpoints })
    await page.route('**/wechat/js-sdk?*', async (route) => {
      await route.fulfill({
        json: await oauth.jsSDKSign(new URL(route.request().url()).searchParams.get('url') ?? ''),
      })
    })
    await open(path)(page, scene)
    await showsVerdict(page, status)
  }
}

const failureCodes = [
  'ERR_WECHAT_DENIED',
  'ERR_WECHAT_SNAPSHOT_USER',
  'ERR_WECHAT_STATE',
  'ERR_WECHAT_CODE',
  'ERR_WECHAT_BLOCKED',
  'ERR_WECHAT_VERIFY',
]

/** Every page of the demo and of the sandbox, in each of its states. */
export const sights: Record<string, Sight[]> = {
  'the start page': [
    { name: 'the start page', lead: open('/') },
    {
      name: 'the start page in the browser of WeChat',
      lead: open('/'),
      headers: { 'user-agent': wechat.userAgent! },
    },
    { name: 'the start page with the QR code in it', lead: inlineQr },
    {
      name: 'the start page with the QR code in it, scanned',
      lead: async (page, scene) => {
        await inlineQr(page, scene)
        const frame = page.frameLocator('[data-testid="inline-qr-frame"]')
        await page.request.get((await frame.getByTestId('qr-open-phone').getAttribute('href')) ?? '')
        await showsStatus(frame, 'qr-status', 'scanned')
      },
    },
    {
      name: 'the start page with a QR code in it that has expired',
      lead: async (page, scene) => {
        await inlineQr(page, scene)
        scene.sandbox.clock.advance(5 * 60_000)
        await showsStatus(page.frameLocator('[data-testid="inline-qr-frame"]'), 'qr-status', 'expired')
      },
    },
    {
      name: 'the start page of somebody who is logged in',
      lead: async (page, scene) => {
        await profile('panda')(page, scene)
        await open('/')(page, scene)
      },
    },
  ],
  'the page inside WeChat': [
    { name: 'the page inside WeChat', lead: insideWechat('/inside-wechat', 'accepted') },
    { name: 'the page inside WeChat, refused', lead: insideWechat('/inside-wechat?moves=1', 'refused') },
    {
      name: 'the page inside WeChat without WeChat’s script',
      lead: async (page, scene) => {
        await page.route('**/jweixin-*.js', (route) => route.abort('aborted'))
        await insideWechat('/inside-wechat', 'unreachable')(page, scene)
      },
    },
    {
      name: 'the page inside WeChat without a signature',
      lead: async (page, scene) => {
        await page.route('**/wechat/js-sdk?*', (route) => route.abort('aborted'))
        await open('/inside-wechat')(page, scene)
        await showsVerdict(page, 'unsigned')
      },
    },
  ],
  'the profile': [
    { name: 'the profile', lead: profile('alice') },
    { name: 'the profile of somebody without a picture', lead: profile('bob') },
    {
      name: 'the profile of somebody with two accounts',
      lead: async (page, scene) => {
        await profile('panda')(page, scene)
        await qrPage(page, scene)
        const [hand] = await Promise.all([
          page.waitForEvent('popup'),
          page.getByTestId('qr-open-phone').click(),
        ])
        await hand.getByTestId('decision-confirm').click()
        await at(page, '/profile')
      },
    },
  ],
  'a failure': [
    ...failureCodes.map((code) => ({
      name: `the failure ${code}`,
      lead: open(`/login/failed?code=${code}`),
    })),
    { name: 'the page for addresses that there are not', lead: open('/no/such/page') },
    {
      name: 'the page for when WeChat is out of order',
      lead: async (page, scene) => {
        scene.sandbox.fail('/sns/oauth2/access_token', { status: 502 })
        scene.sandbox.updateUser('alice', { silent: true })
        await consent(page, scene)
        await page.getByTestId('failure-message').waitFor()
        scene.logged.length = 0
      },
    },
  ],
  'the entrance of the sandbox': [
    { name: 'the entrance of the sandbox', lead: openSandbox('/') },
    {
      name: 'the entrance of the sandbox with an answer',
      lead: async (page, scene) => {
        await openSandbox('/')(page, scene)
        await page.getByTestId(`try-snsapi_base-${scene.appId('mp')}`).click()
        await page.getByTestId('home-callback').waitFor()
      },
    },
  ],
  'the consent page and what follows': [
    { name: 'the consent page', lead: consent },
    {
      name: 'the consent page with all answers',
      lead: async (page, scene) => {
        await consent(page, scene)
        await page.getByTestId('more-toggle').click()
      },
    },
    {
      name: 'the consent page for a link that WeChat might not accept',
      lead: (page, scene) =>
        openSandbox(
          `/connect/oauth2/authorize?${new URLSearchParams({
            scope: 'snsapi_base,snsapi_userinfo',
            appid: scene.appId('mp'),
            redirect_uri: `${scene.url}/auth/wechat/callback`,
            response_type: 'code',
            state: 'x',
          }).toString()}`,
        )(page, scene),
    },
    { name: 'the page that WeChat would have closed', lead: decide('decision-refuse-close') },
    {
      name: 'the page that calls back twice',
      lead: async (page, scene) => {
        await stay(page)
        await decide('decision-allow-twice')(page, scene)
        await page.locator('[data-kind="twice"]').waitFor()
      },
    },
  ],
  'the QR page': [
    { name: 'the QR page', lead: qrPage },
    { name: 'the QR page, scanned', lead: qr('scanned') },
    { name: 'the QR page, cancelled', lead: qr('cancelled') },
    {
      name: 'the QR page, expired',
      lead: async (page, scene) => {
        await qrPage(page, scene)
        scene.sandbox.clock.advance(5 * 60_000)
        await showsStatus(page, 'qr-status', 'expired')
      },
    },
    {
      name: 'the QR page, confirmed',
      lead: async (page, scene) => {
        await qr('confirmed')(page, scene)
        await page.getByTestId('qr-continue').waitFor()
      },
    },
  ],
  'the phone page': [
    { name: 'the phone page', lead: phonePage },
    { name: 'the phone page, confirmed', lead: decideOnPhone('decision-confirm', 'confirmed') },
    { name: 'the phone page, cancelled', lead: decideOnPhone('decision-cancel', 'cancelled') },
    {
      name: 'the phone page, expired',
      lead: async (page, scene) => {
        await phonePage(page, scene)
        scene.sandbox.clock.advance(5 * 60_000)
        await page.reload()
      },
    },
  ],
  'the mini-program console': [
    { name: 'the mini-program console', lead: miniProgram },
    { name: 'the mini-program console with a code', lead: wxLogin },
    {
      name: 'the mini-program console with an answer',
      lead: async (page, scene) => {
        await wxLogin(page, scene)
        await send(page)
        await send(page)
        await page.getByTestId('mp-history-entry').first().click()
      },
    },
    {
      name: 'the mini-program console without a server',
      lead: async (page, scene) => {
        await openSandbox(`/__sandbox/miniprogram?url=${await deadURL()}/login`)(page, scene)
        await page.getByTestId('mp-login').click()
        await page.getByTestId('mp-copy').waitFor()
        const before = scene.complaints.length
        await page.getByTestId('mp-send').click()
        await page.getByTestId('mp-send-error').waitFor()
        // The browser logs an error about the response that the page shows.
        scene.complaints.splice(before, 1)
      },
    },
  ],
  'WeChat’s error page': [
    {
      name: 'WeChat’s error page',
      lead: openSandbox(
        '/connect/oauth2/authorize?appid=wx1&redirect_uri=http%3A%2F%2F127.0.0.1&response_type=code&scope=snsapi_base',
      ),
    },
    {
      name: 'WeChat’s error page for QR codes',
      lead: openSandbox(
        '/connect/qrconnect?appid=wx1&redirect_uri=http%3A%2F%2F127.0.0.1&scope=snsapi_login',
      ),
    },
  ],
}
