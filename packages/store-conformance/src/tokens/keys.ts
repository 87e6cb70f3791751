import assert from 'node:assert/strict'
import { defineTokenCase, webToken } from './define.js'
import { catchRejection } from '../tools.js'
import type { TokenStore, TokenStoreCase } from './types.js'

/** Saves a record under each key, and then reads them all. */
async function saveAndReadAll(store: TokenStore, keys: readonly string[]): Promise<void> {
  const tokens = keys.map((openid, index) => webToken(openid, { access_token: `token ${index}`, index }))
  for (const token of tokens) await store.saveToken(token.openid, token)
  for (const token of tokens) assert.deepStrictEqual(await store.getToken(token.openid), token)
}

async function assertUnknown(store: TokenStore, keys: readonly string[]): Promise<void> {
  for (const key of keys)
    assert.equal(
      (await store.getToken(key)) ?? undefined,
      undefined,
      `${JSON.stringify(key)} was never saved`,
    )
}

const notKeys: readonly unknown[] = [
  undefined,
  null,
  '',
  0,
  1,
  true,
  Symbol('openid'),
  {},
  [],
  ['openid'],
  { $ne: null },
  { $gt: '' },
  Buffer.from('openid'),
  () => 'openid',
]

/** @param store - its backend may be down, because no call may reach it */
export async function refusesWrongKeys(store: TokenStore): Promise<void> {
  for (const key of notKeys as readonly string[]) {
    const calls: Record<string, (() => Promise<unknown>) | undefined> = {
      getToken: () => store.getToken(key),
      saveToken: () => store.saveToken(key, webToken('openid')),
      deleteToken: store.deleteToken && (() => Promise.resolve(store.deleteToken?.(key))),
      withLock:
        store.withLock &&
        (() => Promise.resolve(store.withLock?.(key, () => assert.fail('the task must not run')))),
    }
    for (const [method, call] of Object.entries(calls)) {
      if (!call) continue
      const returned = returnedBy(method, call)
      const error = await catchRejection(`${method} with a key of the type ${typeof key}`, returned)
      assert.ok(
        error instanceof TypeError,
        `${method} with a key that is not a non-empty string must reject with a TypeError`,
      )
    }
  }
}

function returnedBy(method: string, call: () => Promise<unknown>): Promise<unknown> {
  try {
    return call()
  } catch {
    assert.fail(`${method} must reject, not throw`)
  }
}

export const keyCases: readonly TokenStoreCase[] = [
  defineTokenCase('distinguishes keys by case', async ({ store, key }) => {
    await saveAndReadAll(store, [key('abc'), key('ABC'), key('Abc'), key('ſbc'), key('sbc')])
    await assertUnknown(store, [key('aBc')])
  }),

  defineTokenCase('distinguishes keys by accents, composed or decomposed', async ({ store, key }) => {
    await saveAndReadAll(store, [key('e'), key('\u00e9'), key('e\u0301'), key('ss'), key('\u00df')])
    await assertUnknown(store, [key('\u00e8')])
  }),

  defineTokenCase('distinguishes keys by leading and trailing white space', async ({ store, key }) => {
    await saveAndReadAll(store, [key(), key(' '), key('  '), ` ${key()}`, key('\t'), key('\n')])
    await assertUnknown(store, [key('   ')])
  }),

  defineTokenCase('takes characters that are special to a database literally', async ({ store, key }) => {
    const signs = [
      ':',
      '%',
      '_',
      '$',
      '.',
      '*',
      '?',
      '/',
      '\\',
      "'",
      '"',
      '`',
      ';',
      '--',
      '#',
      '{',
      '}',
      '[a]',
      '{$ne:null}',
      ' OR 1=1',
      '%25',
      '??',
      ':a',
      '@a',
    ]
    await saveAndReadAll(
      store,
      signs.map((sign) => key(`${sign}z`)),
    )
    await assertUnknown(
      store,
      ['%', '_', '.', '*', '?', '[a-z]', "' OR ''='"].map((pattern) => key(`${pattern}${pattern}`)),
    )
  }),

  defineTokenCase('accepts keys of 128 characters', async ({ store, key }) => {
    const long = key().padEnd(127, 'x')
    await saveAndReadAll(store, [`${long}1`, `${long}2`, long])
    await assertUnknown(store, [`${long}3`, long.slice(0, -1)])
  }),

  defineTokenCase('accepts the names of properties that every JavaScript object has', async ({ store }) => {
    await assertUnknown(store, ['toString', 'valueOf', 'hasOwnProperty', 'isPrototypeOf'])
    await saveAndReadAll(store, ['__proto__', 'constructor', 'prototype', '__defineGetter__'])
    await assertUnknown(store, ['openid', 'access_token', 'create_at'])
  }),

  defineTokenCase('accepts the keys of app-level credentials', async ({ store, key }) => {
    const keys = [`client:${key()}`, `ticket:jsapi:${key()}`, `ticket:wx_card:${key()}`]
    const now = Date.now()
    const credentials = keys.map((openid) => ({
      openid,
      access_token: `credential ${openid}`,
      expires_in: 7200,
      create_at: now,
    }))
    for (const credential of credentials) await store.saveToken(credential.openid, credential)
    for (const credential of credentials)
      assert.deepStrictEqual(await store.getToken(credential.openid), credential)
    await assertUnknown(store, [key()])
  }),

  defineTokenCase('rejects a key that is not a non-empty string with a TypeError', async ({ store }) => {
    await refusesWrongKeys(store)
  }),
]
