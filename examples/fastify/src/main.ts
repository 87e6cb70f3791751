import { demonstrate } from '../../shared/framework.js'
import { startApp, variants } from './app.js'

await demonstrate((options, variant) => startApp({ ...options, variant }), variants)
