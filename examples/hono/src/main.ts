import { demonstrate } from '../../shared/framework.js'
import { startApp } from './app.js'

await demonstrate(startApp)
