import { expect } from 'chai'
import { startModule } from '../readme/running.js'
import { once } from 'node:events'
import type { SqliteAddress } from '../../helpers/sqlite.js'

/** Runs code with stores on a database in a separate process, which is then killed and closes nothing. */
export async function diesAfter(address: SqliteAddress, code: string): Promise<void> {
  const child = startModule(`
    import { SqliteSessionStore, SqliteUserStore } from '@wechat-auth/store-sqlite'
    import { openDatabase } from './test/helpers/sqlite.ts'
    const database = await openDatabase(${JSON.stringify(address)})
    ${code}
    process.kill(process.pid, 'SIGKILL')`)
  const [, signal] = (await once(child, 'close')) as [number | null, string | null]
  expect(signal).to.equal('SIGKILL')
}
