import { testCluster } from '../../helpers/cluster/suite.js'
import { useMysql } from './setting.js'

describe('MysqlTokenStore, shared by several processes', () => {
  const table = 'cluster_test'
  // Before the pool is ended.
  after(() => setting.pool.query(`DROP TABLE ${table}, ${table}_lock`))
  const setting = useMysql()

  before(async () => {
    await setting.pool.query(`DROP TABLE IF EXISTS ${table}, ${table}_lock`)
    await setting.store({ table }).createTable()
  })

  testCluster('mysql2', {
    store: 'mysql',
    address: () => JSON.stringify({ url: setting.service.url, table }),
  })
})
