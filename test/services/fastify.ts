import { createHash } from 'node:crypto'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { WechatStrategy } from '@wechat-auth/passport-wechat'
import type { Context } from 'mocha'
import { cachedFolder } from './cache.js'
import { climb, orSkip, share } from './ladder.js'
import { npm } from './npm.js'

/** The members of a reply that the tests use. */
export interface FastifyReply {
  code(status: number): FastifyReply
  header(name: string, value: string): FastifyReply
  send(body: unknown): FastifyReply
}

/** The members of a request that the tests use. */
export interface FastifyRequest {
  user?: unknown
  authInfo?: unknown
  session?: unknown
}

type Handler = (request: FastifyRequest, reply: FastifyReply) => unknown

/** The members of an application that the tests use. */
export interface FastifyApp {
  register(plugin: unknown, options?: object): unknown
  get(path: string, options: object, handler: Handler): unknown
  setErrorHandler(handler: (error: Error, request: FastifyRequest, reply: FastifyReply) => unknown): unknown
  listen(options: { port: number; host: string }): Promise<string>
  close(): Promise<void>
}

/** The members of `@fastify/passport` that the tests use. */
export interface FastifyPassport {
  use(strategy: Pick<WechatStrategy, 'name' | 'authenticate'> | { name: string }): unknown
  initialize(): unknown
  secureSession(): unknown
  registerUserSerializer(serialize: (user: unknown) => Promise<unknown>): void
  registerUserDeserializer(deserialize: (user: unknown) => Promise<unknown>): void
  authenticate(name: string, options?: object): unknown
}

export interface Fastify {
  fastify: () => FastifyApp
  Authenticator: new () => FastifyPassport
  secureSession: unknown
  session: unknown
  cookie: unknown
}

const specs = [
  'fastify@5.12.8',
  '@fastify/passport@4.0.3',
  '@fastify/secure-session@8.4.0',
  '@fastify/session@11.1.3',
  '@fastify/cookie@11.1.5',
]

/**
 * Installs Fastify and its plugins for the tests. If that fails, skips the test, or from a `before` hook its
 * suite.
 */
export async function fastifyWithPlugins(context: Context): Promise<Fastify> {
  const rungs = [{ name: 'npm', get: install }]
  const advice = 'connect to the npm registry'
  return orSkip(context, () => share('fastify', () => climb<Fastify>('Fastify', rungs, advice)))
}

async function install(): Promise<Fastify | string> {
  try {
    const inputs = [process.platform, process.arch, ...specs].join(' ')
    const key = createHash('sha256').update(inputs).digest('hex').slice(0, 16)
    const flags = ['--no-save', '--no-package-lock', '--prefer-offline', '--ignore-scripts']
    const fill = (draft: string) => npm(draft, 'install', '--prefix', draft, ...flags, ...specs)
    const folder = await cachedFolder(`fastify-${key}`, fill)
    const require = createRequire(join(folder, 'index.js'))
    return {
      fastify: require('fastify') as Fastify['fastify'],
      Authenticator: (require('@fastify/passport') as Pick<Fastify, 'Authenticator'>).Authenticator,
      secureSession: require('@fastify/secure-session'),
      session: require('@fastify/session'),
      cookie: require('@fastify/cookie'),
    }
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
