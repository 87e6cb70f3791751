/** The style sheet. It is part of the page, which allows no other styles. */
export const style = `
:root {
  color-scheme: light dark;
  --ground: #f3f4f3; --card: #fff; --inset: #f2f4f3; --text: #16201a; --muted: #566059; --line: #dde2df;
  --green: #07843f; --green-hover: #056b33; --green-text: #056b33; --tint: #e6f5ec; --on-green: #fff;
  --link: #2c5aa0; --focus: #1c66e5; --amber: #fff4d6; --amber-text: #6b4a00; --red: #b3261e; --red-tint: #fdecea;
  --shadow: 0 1px 2px rgb(0 0 0 / .05), 0 10px 30px rgb(0 0 0 / .05);
  --mono: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #101311; --card: #1a1e1b; --inset: #232925; --text: #e9eeea; --muted: #a3aea7; --line: #333a35;
    --green-hover: #0a9a4b; --green-text: #56d391; --tint: #14301f;
    --link: #9dbcf0; --focus: #8ab4ff; --amber: #35290a; --amber-text: #ffd98a; --red: #ff9d94; --red-tint: #3a1c1a;
    --shadow: 0 0 0 1px #272d29;
  }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; scroll-padding-top: 16px; }
body {
  margin: 0; min-height: 100vh; min-height: 100dvh; display: flex; flex-direction: column;
  background: var(--ground); color: var(--text); overflow-wrap: anywhere;
  font: 16px/1.6 system-ui, -apple-system, "PingFang SC", "Noto Sans CJK SC", "Microsoft YaHei", "Segoe UI", Roboto, sans-serif;
}
:lang(zh-CN) { line-break: strict; }
h1, h2, h3, p, ul, ol, dl, dd, figure, pre { margin: 0; padding: 0; }
p, li, dd { text-wrap: pretty; }
h1 { font-size: clamp(1.625rem, 1.2rem + 1.8vw, 2.375rem); line-height: 1.25; letter-spacing: -.01em; text-wrap: balance; }
h2 { font-size: 1.1875rem; line-height: 1.4; }
a { color: var(--link); text-underline-offset: .2em; }
code, pre { font-family: var(--mono); font-size: .875em; }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; border-radius: 4px; }
.muted { color: var(--muted); }
.small { font-size: .875rem; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.stack { display: flex; flex-direction: column; gap: 12px; }

.bar { background: var(--card); border-bottom: 1px solid var(--line); }
.bar > div, main, footer { width: 100%; max-width: 1120px; margin-inline: auto; padding-inline: 20px; }
.bar > div { display: flex; align-items: center; justify-content: space-between; gap: 16px; min-height: 56px; }
.brand { display: flex; align-items: center; gap: 10px; color: inherit; font-weight: 600; text-decoration: none; min-height: 44px; }
.brand svg { flex: none; width: 28px; height: 28px; }
.lang { display: inline-flex; align-items: center; min-height: 44px; padding-inline: 6px; white-space: nowrap; }
main { flex: 1; padding-block: 32px 40px; display: flex; flex-direction: column; gap: 24px; }
footer { padding-block: 0 28px; color: var(--muted); font-size: .875rem; }
.narrow { max-width: 640px; }

.hero { display: flex; flex-direction: column; gap: 12px; }
.hero .lead { max-width: 44rem; font-size: 1.0625rem; color: var(--muted); }
.card { background: var(--card); border-radius: 16px; padding: 24px; box-shadow: var(--shadow); min-width: 0; }
.cards.uneven { align-items: start; }
.cards { display: grid; gap: 20px; grid-template-columns: repeat(auto-fit, minmax(min(100%, 310px), 1fr)); }
.way { display: flex; flex-direction: column; gap: 14px; }
.way header { display: flex; gap: 14px; align-items: center; }
.way .actions { margin-top: auto; padding-top: 4px; display: flex; flex-direction: column; gap: 10px; }
.icon { flex: none; width: 48px; height: 48px; border-radius: 14px; background: var(--tint); color: var(--green-text); display: grid; place-items: center; }
.icon svg { width: 26px; height: 26px; fill: none; stroke: currentColor; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; }
.kicker { font-size: .875rem; color: var(--muted); line-height: 1.3; }
.snippet { background: var(--inset); border-radius: 10px; padding: 10px 14px; font-size: .8125rem; line-height: 1.6; white-space: pre-wrap; }
.snippet code { font-size: inherit; }

.button {
  display: inline-flex; align-items: center; justify-content: center; gap: 8px; min-height: 46px; padding: 9px 20px; border: 1px solid var(--line);
  border-radius: 10px; background: transparent; color: var(--text); font: inherit; font-weight: 550; text-decoration: none; text-align: center; cursor: pointer;
}
.button svg { flex: none; width: 18px; height: 18px; fill: none; stroke: currentColor; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; }
.button:hover { background: var(--inset); }
.primary { background: var(--green); border-color: transparent; color: var(--on-green); }
.primary:hover { background: var(--green-hover); }

.note { background: var(--tint); border-radius: 12px; padding: 12px 16px; }
.person { display: flex; flex-wrap: wrap; gap: 12px 16px; align-items: center; justify-content: space-between; }
.person .who { display: flex; align-items: center; gap: 12px; min-width: 0; }
.person .actions { display: flex; flex-wrap: wrap; gap: 10px; }
.person .actions form { display: flex; }
.avatar {
  flex: none; width: 44px; height: 44px; border-radius: 12px; background: var(--tint); color: var(--green-text); overflow: hidden;
  display: grid; place-items: center; font-weight: 700; font-size: 1.125rem; line-height: 1;
}
.avatar.large { width: 80px; height: 80px; border-radius: 20px; font-size: 2rem; }
.avatar img { width: 100%; height: 100%; object-fit: cover; }
.qr { border-radius: 12px; overflow: hidden; background: #fff; border: 1px solid var(--line); display: flex; justify-content: center; }
.qr iframe { border: 0; width: 300px; max-width: 100%; height: 400px; color-scheme: light; }

.two { display: grid; gap: 20px; grid-template-columns: minmax(0, 1fr); align-items: start; }
.two.even { align-items: stretch; }
.column { display: flex; flex-direction: column; gap: 20px; min-width: 0; }
@media (min-width: 860px) { .two { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); } }
.list { padding-inline-start: 1.25em; display: flex; flex-direction: column; gap: 8px; }
.list li::marker { color: var(--green-text); }
.facts { display: grid; grid-template-columns: minmax(0, 1fr); gap: 2px; }
.facts dt { color: var(--muted); font-size: .875rem; }
.facts dd { margin-bottom: 10px; }
.facts dd:last-child { margin-bottom: 0; }
.facts code { font-size: .8125rem; }
.accounts { list-style: none; display: flex; flex-direction: column; }
.accounts li { padding-block: 12px; }
.accounts li + li { border-top: 1px solid var(--line); }
.accounts li:last-child { padding-bottom: 0; }
.accounts .line { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 12px; }
details summary { cursor: pointer; font-weight: 550; }
details pre { margin-top: 10px; max-height: 420px; overflow: auto; }

.outcome { display: flex; flex-direction: column; gap: 16px; align-items: flex-start; }
.outcome .icon { background: var(--red-tint); color: var(--red); border-radius: 50%; width: 56px; height: 56px; }
.outcome .icon svg { width: 34px; height: 34px; stroke-width: 2.5; }
.outcome .icon.gentle { background: var(--amber); color: var(--amber-text); }
.outcome h1 { font-size: 1.5rem; }
.tag { display: inline-block; background: var(--inset); border-radius: 6px; padding: 2px 8px; font-family: var(--mono); font-size: .8125rem; }
@media (max-width: 480px) {
  main { padding-block: 24px 32px; }
  .card { padding: 20px; }
  .bar > div, main, footer { padding-inline: 16px; }
  .person .actions { width: 100%; }
  .person .actions > *, .person .actions form .button { flex: 1; width: 100%; }
}
`
