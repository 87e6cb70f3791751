import { findBrowser } from '../helpers/chromium.js'
import { prepareMariadb } from '../services/mariadb.js'
import { prepareRedis } from '../services/redis.js'

// One after the other: they use the same package manager.
for (const [name, find] of [['Redis', prepareRedis], ['MariaDB', prepareMariadb], ['Chromium', findBrowser]] as const) {
  console.log(`  ${name}: ${await find()}`)
}
