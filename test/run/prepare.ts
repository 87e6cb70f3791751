import { prepareBrowser } from '../services/chromium.js'
import { prepareMariadb } from '../services/mariadb.js'
import { prepareRedis } from '../services/redis.js'

// One after another, because they use the same package manager.
for (const [name, prepare] of [
  ['Redis', prepareRedis],
  ['MariaDB', prepareMariadb],
  ['Chromium', prepareBrowser],
] as const) {
  const result = await prepare().catch(
    (error: unknown) =>
      `not available, so its tests are skipped: ${error instanceof Error ? error.message : String(error)}`,
  )
  console.log(`  ${name}: ${result}`)
}
