import { startSandbox, type Sandbox } from '@wechat-auth/wechat-sandbox'
import { expect } from 'chai'
import { competitors } from '../../services/competitors.js'
import { apps, codeOf, Deployment, pages, passportWeixin, type Running } from './applications.js'

describe('applications before they are ported to passport-wechat', () => {
  let sandbox: Sandbox
  let modules: string
  before(async function () {
    modules = await competitors(this)
    sandbox = await startSandbox({ apps, tls: { port: 0 } })
  })
  after(() => sandbox.close())

  for (const page of pages) {
    describe(`with ${page.name}`, () => {
      let deployment: Deployment
      let app: Running | undefined
      beforeEach(async () => {
        deployment = await Deployment.create(sandbox, page)
        app = await deployment.start(codeOf(page, 'Before'), { modules })
      })
      afterEach(async () => {
        await app?.stop()
        app = undefined
        await deployment.remove()
      })

      it('store a user whom the ported application knows', async () => {
        const { appId } = apps.find(({ type }) => type === page.type)!
        await deployment.logIn(app!, 'panda')
        const old = await deployment.logIn(app!, 'alice')
        expect(old).to.include({
          id: 2,
          wechatId: page.storedId(sandbox.idsOf({ appId, user: 'alice' })),
          name: '爱丽丝',
        })
        await app!.stop()
        app = await deployment.start(codeOf(page, 'After'))
        const { id, wechatId } = (await deployment.logIn(app, 'alice'))!
        expect({ id, wechatId }).to.deep.equal({ id: old!.id, wechatId: old!.wechatId })
        expect(await deployment.users()).to.have.length(2)
      })

      it('accept a callback from a login that was started in another browser', async () => {
        expect(await deployment.openForeignCallback(app!, 'panda')).to.include({ id: 1 })
      })
    })
  }

  describe('with passport-weixin and a website that is not bound', () => {
    it("store the text 'undefined' as the id of everybody", async () => {
      const deployment = await Deployment.create(sandbox, passportWeixin)
      const app = await deployment.start(codeOf(passportWeixin, 'Before'), { modules, appId: 'wx-unbound' })
      try {
        const shared = { id: 1, wechatId: 'undefined' }
        expect(await deployment.logIn(app, 'alice')).to.include(shared)
        expect(await deployment.logIn(app, 'panda')).to.include(shared)
      } finally {
        await app.stop()
        await deployment.remove()
      }
    })
  })
})
