import { MemorySessionStore, MemoryUserStore } from '@wechat-auth/wechat-session'
import { sessionStories } from '../../helpers/session-stories.js'

const stores = { sessionStore: new MemorySessionStore(), userStore: new MemoryUserStore() }

sessionStories('memory', () => stores)
