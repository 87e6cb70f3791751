import { readSession } from '../lib/session'

export default async function Home() {
  const { user } = await readSession()
  if (user) {
    return (
      <>
        <p>
          You are <b>{user.name}</b>. You used the mode <code>{user.mode}</code>.
        </p>
        <form method="post" action="/logout">
          <button>Log out</button>
        </form>
      </>
    )
  }
  return (
    <>
      <p>You are not logged in.</p>
      {/* Not <Link>: Next.js would fetch the page of WeChat in advance. */}
      <a href="/auth/wechat/mp">Log in as in WeChat's browser</a>,{' '}
      <a href="/auth/wechat/website">log in with a QR code</a>, or{' '}
      <a href="/api/auth/wechat">log in through pages/api</a>
    </>
  )
}
