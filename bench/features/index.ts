import type { Report } from '../lib/report.js'
import { Subject } from '../lib/subject.js'
import { ours, versioned } from '../lib/versions.js'
import { Wechat } from '../wechat/wechat.js'
import { scenes, type Scene } from './scenes.js'
import { Visitor } from './visitor.js'

export const title = 'how each strategy handles what goes wrong in a login'

const names = {
  ours: ours('passport-wechat'),
  'passport-wechat': versioned('passport-wechat'),
  'passport-weixin': versioned('passport-weixin'),
}

export async function run(): Promise<Report> {
  const wechat = await Wechat.start()
  try {
    const rows = []
    for (const scene of scenes) {
      const values: Record<string, string> = {}
      for (const [name, subject] of Object.entries(names)) values[subject] = await play(scene, name, wechat)
      rows.push({ what: scene.what, unit: '', values })
    }
    return { subjects: Object.values(names), rows, claims: [], notes }
  } finally {
    await wechat.stop()
  }
}

/** Runs each in its own process, because some of them end it. */
async function play(scene: Scene, strategy: string, wechat: Wechat): Promise<string> {
  const options = wechat.leadingHere
  const args = [strategy, ...(scene.withoutInitialize === true ? [] : ['initialize'])]
  const subject = await Subject.start(new URL('app.js', import.meta.url), { ...options, args, silent: true })
  try {
    return await scene.play(new Visitor(await subject.call<number>('port')), wechat)
  } finally {
    await subject.stop()
  }
}

const notes = [
  "Each strategy is configured as its README says. Only ours creates and checks a state. An error leads to the application's error page; the application decides where a refusal leads.",
]
