/** What reports say, sentence by sentence. */
const sentences: Readonly<Record<string, string>> = {
  "Each with what its README asks for: a state is made and checked by ours only. An error ends in the application's error page; a refusal goes where the application says.":
    '各按其 README 的要求配置：只有我们的会生成并校验 state。“出错”会进入应用的错误页；“拒绝”则转到应用指定的地方。',
  'The package itself is one of those installed. Sizes are of the files, without what a file system adds; ours are of what npm packs, types and sources included.':
    '安装的包中包括该包自身。大小是文件的大小，不含文件系统的额外开销；我们的包按 npm 打包的内容计算，包括类型和源码。',
  "Each time in a fresh process, in turns, with the files in the system's cache. None of them requires passport or express.":
    '每次都在新进程中轮流测量，文件已在系统缓存中。它们都不加载 passport 和 express。',
  'A login is two requests: the redirect to WeChat, and the callback with the code, in which WeChat is asked for the token and for the user. Latency is that of the callback.':
    '一次登录有两个请求：跳转到微信；带着 code 的回调，其中向微信请求令牌和用户信息。延迟指回调的延迟。',
  "CPU is the application's whole process: Express, express-session, Passport and the strategy. Ours makes and checks a state in the session; passport-wechat sends a fixed one and checks nothing, passport-weixin and the bare strategy have none.":
    'CPU 是应用整个进程的：Express、express-session、Passport 和策略。我们的策略在会话中生成并校验 state；passport-wechat 发送固定的 state 且不校验，passport-weixin 和空白策略没有 state。',
  'The bare strategy makes the same two calls with the client that ours uses, node:https, and does nothing else.':
    '空白策略用与我们相同的客户端 node:https 发出同样的两个请求，此外什么也不做。',
  '"5 ms away": a round trip to WeChat takes 5 ms longer, and so does the first packet of a connection, as with TCP\'s handshake.':
    '“往返 5 毫秒”：与微信的每次往返多花 5 毫秒，连接的第一个包也是如此，相当于 TCP 握手。',
  'Heap in use after a collection, less what was in use before the first user; a token has about 400 bytes as text.':
    '垃圾回收后的堆用量，减去第一个用户之前的用量；一个令牌的文本约 400 字节。',
  'Ours keeps the 10,000 users who were seen last; the others must log in again, as all must after a restart. Who needs more gives another number, or a store.':
    '我们的默认存储保留最近的 10,000 个用户；其他用户须重新登录，正如重启之后所有用户都须重新登录。需要更多时，另给一个数字，或者使用存储包。',
  'Each package with the store that it has by itself, with connections that are open already; a round trip to WeChat takes 30 ms.':
    '各用自带的存储，连接已经打开；与微信往返 30 毫秒。',
  'The others know no locks: in 4 processes they refresh as often as in one. WeChat is asked that many times, and each answer replaces the stored token.':
    '其他的包没有锁：4 个进程中的刷新次数与一个进程中一样多。每次都会请求微信，每个应答都会替换已存的令牌。',
  "mpauthx looks for a user's session by KEYS at each login: that command alone is measured, on the same server with the same keys. It stops all others meanwhile.":
    'mpauthx 每次登录都用 KEYS 查找用户的会话：这里只测量这一条命令，在同一台服务器上，键也相同。执行期间其他命令都要等待。',
  'In turns with a second database of the same server, which keeps 1,000 sessions: the promise is of the pairs.':
    '与同一台服务器上始终保有 1,000 个会话的另一个数据库轮流测量；承诺针对成对的结果。',
  "A login is the session's part of it, three round trips. All but 1,000 of the sessions are copies of one under other names.":
    '“登录”指其中会话的部分，三次往返。除 1,000 个之外，其余会话都是同一个会话改名后的副本。',
  'Each package with the store that it has by itself, empty, with connections that are open already; a round trip to WeChat takes 30 ms. In one process all ask the same client.':
    '各用自带的空存储，连接已经打开；与微信往返 30 毫秒。一个进程中所有请求都用同一个客户端。',
  'Tokens of /cgi-bin/token, which the others fetch, replace each other: the one before works for five minutes more, and 2,000 a day can be had. Ours are of /cgi-bin/stable_token.':
    '其他的包所取的 /cgi-bin/token 令牌会互相替换：前一个再有效五分钟，每天至多取 2,000 个。我们用 /cgi-bin/stable_token。',
  "wechat-oauth-ts sends every ticket to a host of its author's, and ends the process where that does not answer: here nothing is sent. node-easywechat keeps its cache in files; it is given node-socialite 1.4.1, as it cannot be loaded with the newest one that it allows.":
    'wechat-oauth-ts 把每个 ticket 发送到其作者的主机，该主机无应答时会结束进程：这里不发送。node-easywechat 的缓存在文件中；它与所允许的最新 node-socialite 一起无法加载，因此配 node-socialite 1.4.1。',
  'Times are of batches in turns, in one process, with one connection in use; the driver alone does the same work on JSON, and no check of what it is given.':
    '时间按批次轮流测量，在同一进程中，使用一个连接；“仅驱动”做同样的 JSON 处理，不检查参数。',
  "The recipe for MySQL is its README's table, statements and driver (mysql 2.18.1); its table has text columns, so that a token which it has kept never expires. It has none for Redis and SQLite.":
    'MySQL 的做法取自其 README：表、语句和驱动（mysql 2.18.1）；表中都是文本列，因此它存下的令牌永不过期。它没有 Redis 和 SQLite 的做法。',
}

/** Labels, units and words in cells: the longer ones first. */
const phrases: readonly (readonly [RegExp, string])[] = [
  [/^a login$/, '一次登录'],
  [
    /^a callback that nobody here has begun, with a code of the attacker's$/,
    '没有人发起过的回调，带着攻击者的 code',
  ],
  [/^the user refuses: WeChat sends the state only$/, '用户拒绝：微信只发回 state'],
  [
    /^WeChat's browser requests the callback twice: the second answer$/,
    '微信浏览器请求两次回调：第二次的应答',
  ],
  [/^a code that was used before$/, '已经用过的 code'],
  [/^WeChat refuses to tell the user \(48001\)$/, '微信拒绝提供用户信息（48001）'],
  [/^WeChat answers null$/, '微信应答 null'],
  [/^WeChat does not answer$/, '微信不应答'],
  [/^the app secret in the error of a failed connection$/, '连接失败的错误中的 appsecret'],
  [/^without passport\.initialize\(\)$/, '没有 passport.initialize()'],
  [/^the link to WeChat ends in #wechat_redirect$/, '到微信的链接以 #wechat_redirect 结尾'],
  [/^logged in$/, '登录成功'],
  [/^sent to WeChat again$/, '再次跳转到微信'],
  [/^the process ends$/, '进程退出'],
  [/^no answer in (\d+) s$/, '$1 秒内无应答'],
  [/^refused, (\d+)/, '拒绝，$1'],
  [/^error, (\d+)/, '出错，$1'],
  [/, after (\d+) s$/, '，$1 秒后'],
  [/^not shown$/, '不出现'],
  [/^shown$/, '出现'],
  [/^yes$/, '是'],
  [/^no$/, '否'],
  [/^does not run: .*$/, '无法运行'],
  [/^packages installed$/, '安装的包'],
  [/^… of them types only$/, '…… 其中仅含类型的'],
  [/^size$/, '大小'],
  [/^time to require$/, 'require 用时'],
  [/^TLS handshakes in (\d+) logins, after warm-up$/, '预热之后 $1 次登录的 TLS 握手'],
  [/^TLS handshakes$/, 'TLS 握手'],
  [/^CPU per login/, '一次登录的 CPU 时间'],
  [/^… of it the callback$/, '…… 其中回调'],
  [/^latency p99/, '延迟 p99'],
  [/^latency/, '延迟'],
  [/, no delay/, '，无网络延迟'],
  [/, (\d+) ms away/, '，往返 $1 毫秒'],
  [/, one after another$/, '，逐个'],
  [/, (\d+) at once$/, '，$1 个并发'],
  [/^memory after ([\d,]+) users$/, '$1 个用户之后的内存'],
  [/^tokens that are still there$/, '仍在的令牌'],
  [/^time until all have the user$/, '全部得到用户信息的用时'],
  [/^time until all are signed$/, '全部签名完成的用时'],
  [/^refreshes/, '刷新次数'],
  [/^tokens fetched/, '获取令牌次数'],
  [/^tickets fetched/, '获取 ticket 次数'],
  [/^time, /, '用时，'],
  [/, ?(\d+) processes with /, '，$1 个进程，'],
  [/^(用时，)(\d+) processes with /, '$1$2 个进程，'],
  [/a stand-in for MongoDB, (\S+?)(?=$|:)/, 'MongoDB 的替代品（$1）'],
  [/^checking a token, ([\d,]+) sessions$/, '校验会话令牌，$1 个会话'],
  [/^a login, ([\d,]+) sessions$/, '登录，$1 个会话'],
  [/^logging a user out everywhere, ([\d,]+) sessions$/, '在所有设备上退出，$1 个会话'],
  [/: round trips of a read/, '：读取的往返次数'],
  [/: round trips of a save/, '：保存的往返次数'],
  [/: read/, '：读取'],
  [/: save/, '：保存'],
  [/^per second$/, '次/秒'],
  [/^a bare strategy$/, '空白策略'],
  [/^ours with (.*)$/, '我们的，$1'],
  [/^a KEYS scan, as mpauthx ([\d.]+) does$/, 'KEYS 扫描（mpauthx $1 的做法）'],
  [/^our store$/, '我们的存储'],
  [/^the driver alone$/, '仅驱动'],
  [/^the recipe of wechat-oauth ([\d.]+)$/, 'wechat-oauth $1 README 的做法'],
  [/^ms$/, '毫秒'],
  [/^µs$/, '微秒'],
]

/** @throws Error for a text that nobody has translated */
export function inChinese(text: string): string {
  const sentence = sentences[text]
  if (sentence !== undefined) return sentence
  const translated = phrases.reduce((result, [english, chinese]) => result.replace(english, chinese), text)
  if (/[A-Za-z]{2,} [a-z]{2,}/.test(translated)) throw new Error(`Not translated: ${translated}`)
  return translated
}
