import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { root } from '../../helpers/run.js'

export const containerFolder = join(root, 'examples/container')

interface Service {
  build: { context: string; target: string }
  ports: string[]
  environment?: Record<string, string>
}

/** A target of the Dockerfile. */
export interface Image {
  command: string[]
  port: string
  /** The files that the image gets from the folder. */
  copied: string[]
}

const require = createRequire(import.meta.url)

/** The services of `compose.yaml`. */
export function readServices(): Record<'wechat' | 'app', Service> {
  // mocha reads its own configuration with this parser.
  const { load } = createRequire(require.resolve('mocha'))('js-yaml') as { load: (text: string) => unknown }
  const { services } = load(readFileSync(join(containerFolder, 'compose.yaml'), 'utf8')) as {
    services: Record<'wechat' | 'app', Service>
  }
  return services
}

/** The images that the Dockerfile builds, by target. */
export function readImages(): Map<string, Image> {
  const stages = readFileSync(join(containerFolder, 'Dockerfile'), 'utf8').split(/^(?=FROM )/m)
  return new Map(
    stages.map((stage) => {
      const first = (pattern: RegExp): string => {
        const [, found] = pattern.exec(stage) ?? []
        if (found === undefined) throw new Error(`the Dockerfile has no ${pattern.source} in\n${stage}`)
        return found
      }
      const image = {
        command: JSON.parse(first(/^CMD (\[.*\])$/m)) as string[],
        port: first(/^EXPOSE (\d+)$/m),
        copied: [...stage.matchAll(/^COPY (\S+) \.\/$/gm)].map(([, file = '']) => file),
      }
      return [first(/^FROM \S+ AS (\S+)$/m), image]
    }),
  )
}
