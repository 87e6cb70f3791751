import { readFileSync } from 'node:fs'

/** The script of the page inside WeChat. It is part of the page, and the page's headers name its hash. */
export const jsSDKScript = readFileSync(new URL('../../client/js-sdk.js', import.meta.url), 'utf8')
