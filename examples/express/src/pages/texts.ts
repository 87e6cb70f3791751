import type { Lang } from '../language.js'
import { html, type Html } from './html.js'

/** The text of a page that shows nothing else. */
export interface Notice {
  title: string
  message: string
}

function notice(title: string, message: string): Notice {
  return { title, message }
}

const en = {
  brand: 'WeChat login demo',
  otherLanguage: '中文',
  footer:
    'An Express application with one Passport strategy. The code is in examples/express, and the logins are in src/app.ts.',
  nameless: 'A WeChat user',
  modes: { mp: 'Official account', website: 'Website', miniprogram: 'Mini-program' },
  logOut: 'Log out',

  start: {
    title: 'Log in with WeChat',
    heading: 'Three ways to log in with WeChat',
    lead: 'People open your application inside WeChat, in a desktop browser or in a mini-program. One Passport strategy logs them in everywhere. Try each way below.',
    played: (origin: Html) =>
      html`A program on this machine plays WeChat, at ${origin}. You need neither a WeChat account nor the
      internet, and the people that you meet there are made up.`,
    real: 'This demo talks to the real WeChat.',
    loggedInAs: (name: Html) => html`You are logged in as ${name}.`,
    toProfile: 'Profile',
    missing: 'No WeChat app of this type is configured.',

    mpHeading: 'Inside WeChat',
    mpText:
      'For people who open your site in WeChat, from a chat or from your official account. WeChat asks for their consent, and they come back logged in.',
    mpHere: 'You are in WeChat’s browser, so the strategy chooses this way automatically.',
    mpElsewhere:
      'The strategy recognizes WeChat’s browser by its User-Agent. In this browser it would choose the QR code, so the button asks for this way explicitly.',
    mpButton: 'Log in as if inside WeChat',
    mpButtonHere: 'Log in with WeChat',
    jsSDKButton: 'Use the JS-SDK on a page',

    websiteHeading: 'QR code',
    websiteText:
      'For people at a computer. WeChat shows a QR code. They scan it with their phone and confirm the login there, and the page on the computer continues automatically.',
    websiteButton: 'Open WeChat’s QR page',
    inlineButton: 'Show the QR code here',
    inlineFrame: 'WeChat’s QR code',
    inlineHide: 'Hide the QR code',
    inlineText:
      'The frame shows WeChat’s page, with a login that strategy.getAuthorization() started. If the user cancels on the phone, nobody is notified. In that case, just leave this page.',

    miniprogramHeading: 'wx.login()',
    miniprogramText:
      'A mini-program cannot be redirected and has no cookies. It posts the code from wx.login() as JSON and gets back a token from your application.',
    miniprogramPlayed:
      'The console plays the mini-program: get a code, send it here and look at the response.',
    miniprogramButton: 'Open the console',
    newTab: '(in a new tab)',
    miniprogramByHand: 'In your mini-program:',

    oneUserHeading: 'One person, one user',
    oneUserText:
      'WeChat gives a person a different openid in each app, but the same unionid in all apps of one company. This demo matches users by unionid: log in two ways as the same person, and the profile shows one user with two accounts.',
    tryHeading: 'What else to try',
    tries: [
      'Refuse when WeChat asks. You get a page that says so, not an error. WeChat can report a refusal in other ways too. Find them under “Other ways WeChat answers”, along with the next two.',
      'Answer as a snapshot user. This is WeChat’s preview mode, with a throwaway account that must not log in.',
      'Have the callback delivered twice, as WeChat’s browser sometimes does. It is still one login.',
      'Send a mini-program’s code a second time. It works only once.',
    ],
  },

  insideWechat: {
    title: 'Inside WeChat',
    heading: 'A page inside WeChat',
    lead: 'In WeChat’s browser, a page can use features of the WeChat app: scan codes, choose pictures and more. To allow this, the server must sign the page’s address.',
    verdictHeading: 'What WeChat says about this page’s signature',
    waiting: 'Waiting for the answer…',
    elsewhere:
      'Waiting for the answer. The real WeChat answers only in its own browser, and this is a different one.',
    accepted: 'Accepted. This page may now use:',
    refused: 'Refused. WeChat’s message:',
    unreachable: 'WeChat’s script could not be loaded.',
    unsigned: 'The server returned no signature. The reason is in its log.',
    scan: 'Scan a code',
    howHeading: 'How it works',
    howServer:
      'The server signs only pages of its own host. The ticket that it signs with stays in the token store and never reaches the browser:',
    howPage: 'The page sends its address, without the part after #, and passes the result to wx.config:',
    movesHeading: 'What often goes wrong',
    movesText:
      'A signature is for one address. If a single-page application changes its address in the meantime, WeChat refuses the signature. Sign the address that the page has when it calls wx.config.',
    move: 'Change the address after signing',
    stay: 'Keep the address',
  },

  profile: {
    title: 'Profile',
    heading: 'You are logged in',
    name: 'Name',
    openid: 'openid (you, in this app)',
    unionid: 'unionid (you, in all apps of this company)',
    noUnionid: 'none: this app is not bound to an open-platform account, or the scope does not include it',
    mode: 'Latest login',
    appId: 'appId',
    accountsHeading: 'Accounts of this user',
    accountsText:
      'Log in another way as the same person. That account is added to this list, because it has the same unionid.',
    logins: (count: number) => (count === 1 ? '1 login' : `${count} logins`),
    raw: 'WeChat’s response (profile._json)',
    storedHeading: 'What is stored where',
    stored: [
      [
        'Your browser',
        'a cookie with the session id (HttpOnly, SameSite=Lax), and one for the language. Nothing else.',
      ],
      ['The session', 'the id of the user, in the server’s memory.'],
      ['The user table', 'what you see on this page, in memory. It is lost when the demo ends.'],
      [
        'The token store',
        'WeChat’s tokens and, for mini-programs, the session_key. They never leave the server, and no page shows them.',
      ],
    ],
    again: 'Log in another way',
  },

  tryAgain: 'Try again',
  toStart: 'Back to the start page',

  failures: {
    ERR_WECHAT_DENIED: notice(
      'You refused the login',
      'You refused when WeChat asked for your consent. Nobody was logged in, and nothing was stored.',
    ),
    ERR_WECHAT_SNAPSHOT_USER: notice(
      'This is only a preview',
      'WeChat shows this page as a snapshot, with a throwaway account that cannot log in. Tap 使用完整服务 (use full service) in the bar at the bottom, then log in.',
    ),
    ERR_WECHAT_STATE: notice(
      'This login is no longer valid',
      'It was started in another browser, has already finished, or has expired. To protect you, it was not accepted. Please start again.',
    ),
    ERR_WECHAT_CODE: notice(
      'WeChat’s code did not work',
      'WeChat’s code is invalid, used or expired. Each code works once, for a few minutes. Please start again.',
    ),
    ERR_WECHAT_BLOCKED: notice(
      'WeChat does not allow this account to log in',
      'WeChat has restricted this account, or requires something first, such as following the official account.',
    ),
    other: notice('The login failed', 'Please start again.'),
  },

  errors: {
    notFound: notice('Page not found', 'Check the address for typing errors.'),
    refused: notice(
      'This request was not accepted',
      'It did not come from a page of this site, or it was malformed.',
    ),
    wechat: notice(
      'WeChat did not respond as expected',
      'It is not your fault. Please try again in a moment.',
    ),
    here: notice('Something went wrong here', 'It is not your fault. The details are in the server’s log.'),
  },
}

export type Texts = typeof en

const zh: Texts = {
  brand: '微信登录演示',
  otherLanguage: 'English',
  footer: '一个 Express 应用，一个 Passport 策略。全部代码在 examples/express，登录部分在 src/app.ts。',
  nameless: '微信用户',
  modes: { mp: '公众号', website: '网站应用', miniprogram: '小程序' },
  logOut: '退出登录',

  start: {
    title: '微信登录',
    heading: '微信登录的三种方式',
    lead: '用户可能在微信里、在电脑浏览器里，或在小程序里打开你的应用。一个 Passport 策略，三处都能登录。下面逐一试试。',
    played: (origin) =>
      html`这里的“微信”由本机上的程序扮演，地址是
      ${origin}：不需要微信账号，也不需要联网，里面的用户都是虚构的。`,
    real: '本演示连接的是真实的微信。',
    loggedInAs: (name) => html`你已登录，身份是 ${name}。`,
    toProfile: '个人资料',
    missing: '本应用没有配置这一类微信应用。',

    mpHeading: '在微信里',
    mpText: '用户从聊天或公众号里打开你的网站。微信请用户授权，同意之后带着登录状态回到网站。',
    mpHere: '当前正是微信内置浏览器，策略会自动选择这种方式。',
    mpElsewhere:
      '策略通过 User-Agent 识别微信内置浏览器。当前是其他浏览器，自动选择时会用二维码；这个按钮直接指定本方式。',
    mpButton: '按“在微信里”的方式登录',
    mpButtonHere: '微信登录',
    jsSDKButton: '在页面里使用 JS-SDK',

    websiteHeading: '扫描二维码',
    websiteText: '用户坐在电脑前。微信显示二维码，用户用手机扫描并确认，电脑上的页面自动继续。',
    websiteButton: '打开微信的二维码页面',
    inlineButton: '就在这里显示二维码',
    inlineFrame: '微信二维码',
    inlineHide: '收起二维码',
    inlineText:
      '框里是微信的页面，登录由 strategy.getAuthorization() 发起。用户在手机上取消时，谁都不会收到通知，离开即可。',

    miniprogramHeading: 'wx.login()',
    miniprogramText:
      '小程序不能跳转网页，也没有 cookie。它把 wx.login() 得到的 code 以 JSON 发出，换回你自己应用的 token。',
    miniprogramPlayed: '控制台扮演小程序：获取 code，发到这里，查看应答。',
    miniprogramButton: '打开小程序控制台',
    newTab: '（在新标签页中）',
    miniprogramByHand: '在你的小程序里：',

    oneUserHeading: '一个人，一个用户',
    oneUserText:
      '同一个人在每个应用里的 openid 各不相同，而在同一家公司的所有应用里 unionid 是一样的。本演示据此合并：用两种方式以同一个人登录，个人资料里会是一个用户、两个账号。',
    tryHeading: '还可以试试',
    tries: [
      '微信询问时点拒绝：会看到一个说明页面，而不是报错。微信还会以别的方式报告拒绝，它们和下面两种情况都在“微信的其他应答方式”里。',
      '以快照页用户身份应答：那是微信的预览模式，虚拟账号不应登录。',
      '让回调到达两次，微信内置浏览器有时会这样：结果仍是一次登录。',
      '把小程序的同一个 code 再发一次：它只能用一次。',
    ],
  },

  insideWechat: {
    title: '在微信里',
    heading: '微信里的页面',
    lead: '在微信内置浏览器里，页面可以使用微信 App 的能力：扫码、选图等等。为此，服务器要对页面的地址签名。',
    verdictHeading: '微信如何看待本页的签名',
    waiting: '正在等待微信的答复……',
    elsewhere: '正在等待答复。真实的微信只在它的内置浏览器里答复，而当前是其他浏览器。',
    accepted: '签名通过。本页现在可以使用：',
    refused: '签名被拒绝。微信的原话：',
    unreachable: '微信的脚本没有加载成功。',
    unsigned: '服务器没有给出签名，原因已写入它的日志。',
    scan: '扫一扫',
    howHeading: '做法',
    howServer: '服务器只为自己主机的页面签名。签名用的 ticket 保存在 token 存储里，不会到浏览器来：',
    howPage: '页面发出自己的地址（不含 # 之后的部分），把得到的结果交给 wx.config：',
    movesHeading: '常见的错误',
    movesText:
      '一个签名只对应一个地址。单页应用如果在中途改变了地址，微信就会拒绝：请对调用 wx.config 时的地址签名。',
    move: '中途改变地址试试',
    stay: '不改变地址',
  },

  profile: {
    title: '个人资料',
    heading: '登录成功',
    name: '名字',
    openid: 'openid（你在这个应用里的身份）',
    unionid: 'unionid（你在这家公司所有应用里的身份）',
    noUnionid: '没有：应用未绑定开放平台账号，或授权范围不包含它',
    mode: '最近一次登录',
    appId: 'appId',
    accountsHeading: '这个用户的账号',
    accountsText: '换一种方式以同一个人登录：因为 unionid 相同，新账号会出现在这里。',
    logins: (count) => `登录 ${count} 次`,
    raw: '微信返回的内容（profile._json）',
    storedHeading: '什么存在哪里',
    stored: [
      ['你的浏览器', '一个保存会话编号的 cookie：HttpOnly，SameSite=Lax。另一个记住语言。此外没有别的。'],
      ['会话', '用户的编号，存在服务器内存里。'],
      ['用户表', '就是本页显示的内容，存在内存里，演示结束即消失。'],
      ['token 存储', '微信的 token，小程序还有 session_key。它们不会离开服务器，也不会显示在任何页面上。'],
    ],
    again: '换一种方式登录',
  },

  tryAgain: '再试一次',
  toStart: '回到首页',

  failures: {
    ERR_WECHAT_DENIED: notice(
      '你拒绝了授权',
      '微信征求了你的同意，你的回答是不同意。没有人登录，也没有保存任何内容。',
    ),
    ERR_WECHAT_SNAPSHOT_USER: notice(
      '现在只是预览',
      '微信以快照页打开了本页，用的是不能登录的虚拟账号。请点击底部的“使用完整服务”，然后再登录。',
    ),
    ERR_WECHAT_STATE: notice(
      '这次登录已失效',
      '它不是在这个浏览器里发起的、已经用过，或者耗时太久。为了安全，没有接受它。请重新开始。',
    ),
    ERR_WECHAT_CODE: notice(
      '微信的 code 无效',
      '返回的 code 不正确、已经用过或已过期：它只能用一次，几分钟内有效。请重新开始。',
    ),
    ERR_WECHAT_BLOCKED: notice(
      '微信不允许这个账号登录',
      '微信限制了这个账号，或要求先完成某个步骤，例如先关注公众号。',
    ),
    other: notice('登录失败', '请重新开始。'),
  },

  errors: {
    notFound: notice('没有这个页面', '地址可能有误。'),
    refused: notice('请求未被接受', '它不是来自本站的页面，或者内容不符合要求。'),
    wechat: notice('微信没有正常应答', '这不是你的问题，请稍后再试。'),
    here: notice('这里出了点问题', '这不是你的问题，详情已写入服务器日志。'),
  },
}

export const texts: Readonly<Record<Lang, Texts>> = { en, zh }
