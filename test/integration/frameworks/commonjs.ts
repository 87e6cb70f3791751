import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import ts from 'typescript'
import type { ExampleOptions, RunningExample } from '../../../examples/shared/framework.js'
import { root } from '../../helpers/run.js'

/** Starts the application in a process of its own, and ends when its input does. */
const starter = (folder: string): string => `
const { startApp } = require('./${folder}/src/app.js')
process.stdin.resume().on('end', () => process.exit())
startApp({ ...JSON.parse(process.argv[2]), logError: () => {} }).then(({ url }) => console.log(url))
`

/**
 * Compiles an example to CommonJS, which loads the built packages with `require`.
 *
 * @returns what starts the application
 */
export async function compileToCommonJS(
  name: string,
): Promise<(options: ExampleOptions) => Promise<RunningExample>> {
  const target = join(root, 'examples', name, 'node_modules/.commonjs')
  for (const folder of [join(name, 'src'), 'shared']) {
    await mkdir(join(target, folder), { recursive: true })
    for (const file of await readdir(join(root, 'examples', folder))) {
      const { outputText } = ts.transpileModule(
        await readFile(join(root, 'examples', folder, file), 'utf8'),
        {
          compilerOptions: {
            module: ts.ModuleKind.CommonJS,
            target: ts.ScriptTarget.ES2022,
            experimentalDecorators: true,
            esModuleInterop: true,
          },
        },
      )
      await writeFile(join(target, folder, file.replace(/\.ts$/, '.js')), outputText)
    }
  }
  await writeFile(join(target, 'package.json'), JSON.stringify({ type: 'commonjs' }))
  await writeFile(join(target, 'start.js'), starter(name))
  return async (options) => {
    const child = spawn(process.execPath, [join(target, 'start.js'), JSON.stringify(options)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const ended = once(child, 'exit')
    const [url] = (await Promise.race([once(createInterface(child.stdout), 'line'), ended])) as [unknown]
    if (typeof url !== 'string') throw new Error(`The example ended with ${String(url)}`)
    return {
      url,
      close: async () => {
        child.stdin.end()
        await ended
      },
    }
  }
}
