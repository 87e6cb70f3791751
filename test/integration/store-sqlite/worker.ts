/** A process that shares a database with others until it is killed, and reports what it has done. */
import { SqliteTokenStore } from '@wechat-auth/store-sqlite'
import { openDatabase } from '../../helpers/sqlite.js'
import type { Order } from './processes.js'
import { makeToken } from './setting.js'

const { address, task, from, to } = JSON.parse(process.argv[2] ?? '{}') as Order
const database = await openDatabase(address)

function tell(done: number): Promise<unknown> {
  return new Promise((resolve) => {
    process.send?.(done, resolve)
  })
}

// The parent process has ended. Until then the database must stay referenced: a collected one is closed, and loses its lock.
process.on('disconnect', () => {
  database.close()
  process.exit()
})

if (task === 'lock') {
  database.exec('BEGIN EXCLUSIVE; DELETE FROM token')
  await tell(0)
} else {
  const store = new SqliteTokenStore({ database })
  for (let index = from; index < to; index += 1) {
    await store.saveToken(`o${index}`, makeToken(`o${index}`, { index }))
    await tell(index)
  }
  process.disconnect()
}
