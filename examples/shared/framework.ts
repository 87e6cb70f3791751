// Starts the example of a framework with a WeChat that runs on this machine.
import { parseArgs } from 'node:util'
import { startSandbox, type Sandbox } from '@wechat-auth/wechat-sandbox'
import { closeAtTheEnd, orAnyPort, portOf } from './demo.js'

/** What each example needs to start. */
export interface ExampleOptions {
  /** The apps, as registered with WeChat. */
  apps: Record<'mp' | 'website' | 'miniprogram', { appId: string; appSecret: string }>
  /** Address of a sandbox. Default: the real WeChat. */
  endpoints?: string | undefined
  /** Port to listen on. Default 0: any free port. */
  port?: number | undefined
  /** Called with every error that is not the user's fault. Default `console.error`. */
  logError?: ((error: unknown) => void) | undefined
}

export interface RunningExample {
  /** The address to open. */
  url: string
  close: () => Promise<void>
}

/** Returns the options with which an example logs in at the sandbox. */
export function optionsFor(sandbox: Sandbox): ExampleOptions {
  const credentials = (type: string): { appId: string; appSecret: string } => {
    const app = sandbox.apps.find((one) => one.type === type)
    if (!app) throw new Error(`The sandbox has no app of the type ${type}`)
    return { appId: app.appId, appSecret: app.appSecret }
  }
  return {
    apps: { mp: credentials('mp'), website: credentials('website'), miniprogram: credentials('miniprogram') },
    endpoints: sandbox.url,
  }
}

/**
 * Starts a sandbox and the example, and prints the address to open.
 *
 * @param variants - values of `--variant`. The first is the default
 */
export async function demonstrate<Variant extends string>(
  start: (options: ExampleOptions, variant: Variant) => Promise<RunningExample>,
  variants: readonly Variant[] = [],
): Promise<void> {
  try {
    const { values } = parseArgs({
      options: {
        port: { type: 'string', default: '3000' },
        'sandbox-port': { type: 'string', default: '3001' },
        variant: { type: 'string' },
      },
    })
    const { variant: chosen = variants[0] } = values
    const variant = variants.find((one) => one === chosen)
    if (chosen !== variant) throw new Error(`--variant must be one of ${variants.join(', ')}`)
    const port = portOf('--port', values.port)
    const sandboxPort = portOf('--sandbox-port', values['sandbox-port'])
    const sandbox = await orAnyPort(sandboxPort, (free) => startSandbox({ port: free }))
    const options = optionsFor(sandbox)
    const app = await orAnyPort(port, (free) => start({ ...options, port: free }, variant as Variant))
    closeAtTheEnd({ close: () => Promise.all([app.close(), sandbox.close()]).then(() => undefined) })
    console.log(`
  Open    ${app.url}
  WeChat  ${sandbox.url}, a sandbox: no account and no internet needed
  Stop    Ctrl+C
`)
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exit(1)
  }
}
