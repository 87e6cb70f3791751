import { fileURLToPath } from 'node:url'

export const benchFolder = fileURLToPath(new URL('../', import.meta.url))
export const rootFolder = fileURLToPath(new URL('../../', import.meta.url))
export const resultsFolder = `${benchFolder}results/`
