import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import { expect } from 'chai'
import { testTokenStore } from '@wechat-auth/store-conformance'
import {
  MemoryTokenStore,
  StoreError,
  WechatDecryptError,
  encryptedTokenStore,
  type EncryptedTokenStoreOptions,
  type TokenStore,
  type WechatToken,
} from '@wechat-auth/wechat-oauth'
import { ReferenceStore, makeHarness } from '../store-conformance/reference-store.js'
import { rejection, thrown } from '../../helpers/rejection.js'
import { client, openid, record } from '../../helpers/wechat-replies.js'

const newKey = (id: string, fill: number): { id: string; key: Buffer } => ({
  id,
  key: Buffer.alloc(32, fill),
})
const first = newKey('2026-01', 1)
const second = newKey('2026_02', 2)
const secretFields = ['access_token', 'refresh_token', 'session_key'] as const
const fromElsewhere = {
  access_token: 'SECRET-access',
  refresh_token: 'SECRET-refresh',
  session_key: 'SECRET-session',
}
const token = record({
  ...fromElsewhere,
  unionid: 'oUnionid',
  lang: 'en',
  nested: { access_token: "the application's own" },
})
const other = 'oBBBBBBBBBBBBBBBBBBBBBBBBBBB'

interface Pair {
  inner: MemoryTokenStore
  store: TokenStore
}

const pair = (options: Partial<EncryptedTokenStoreOptions> = {}): Pair => {
  const inner = new MemoryTokenStore()
  return { inner, store: encryptedTokenStore(inner, { keys: [first], ...options }) }
}

/** Saves the token, and then changes the stored record. */
const tampered = async (
  change: (stored: WechatToken) => void,
  options: Partial<EncryptedTokenStoreOptions> = {},
): Promise<TokenStore> => {
  const { inner, store } = pair(options)
  await store.saveToken(openid, token)
  const stored = (await inner.getToken(openid))!
  change(stored)
  await inner.saveToken(openid, stored)
  return store
}

const stored = async (
  field: (typeof secretFields)[number] = 'access_token',
  key = openid,
): Promise<string> => {
  const { inner, store } = pair()
  await store.saveToken(key, { ...token, openid: key })
  return (await inner.getToken(key))![field]!
}

/** The bytes that a value is bound to, built independently of the source. */
const context = (...parts: string[]): Buffer =>
  Buffer.concat(
    parts.map((part) => {
      const bytes = Buffer.from(part)
      return Buffer.concat([Buffer.from([0, 0, bytes.length >> 8, bytes.length & 255]), bytes])
    }),
  )

testTokenStore(
  'encryptedTokenStore',
  makeHarness((backend, ttl) =>
    encryptedTokenStore(new ReferenceStore(backend, ttl), { keys: [first, second] }),
  ),
)

describe('encryptedTokenStore', () => {
  it('returns the saved record, in every form that the contract allows', async () => {
    const { store } = pair()
    await store.saveToken(openid, token)
    expect(await store.getToken(openid)).to.deep.equal(token)
  })

  it('returns what the other store returns if there is no record', async () => {
    const inner = new MemoryTokenStore()
    inner.getToken = async () => null as unknown as undefined
    expect(await encryptedTokenStore(inner, { keys: [first] }).getToken(openid)).to.equal(null)
    expect(await pair().store.getToken(openid)).to.equal(undefined)
  })

  it("reads documents with fields that are getters of a class, such as mongoose's", async () => {
    const { inner, store } = pair()
    await store.saveToken(openid, token)
    const kept = (await inner.getToken(openid))!
    const document = Object.create({
      get access_token() {
        return kept.access_token
      },
      toObject: () => kept,
    }) as WechatToken
    const reading = encryptedTokenStore(
      { getToken: () => Promise.resolve(document), saveToken: () => Promise.resolve() },
      { keys: [first] },
    )
    expect(await reading.getToken(openid)).to.deep.equal(token)
  })

  for (const [what, answer] of Object.entries({
    'a text': JSON.stringify(token),
    'a list': [token],
    'a number': 7,
  })) {
    it(`has the client refuse ${what} that the other store returns as a record`, async () => {
      const other = {
        getToken: () => Promise.resolve(answer as unknown as WechatToken),
        saveToken: () => Promise.resolve(),
      }
      await rejection(
        client({ tokenStore: encryptedTokenStore(other, { keys: [first] }) }).getUser(openid),
        StoreError,
      )
    })
  }

  it('keeps the three secret fields encrypted and all others as they are', async () => {
    const { inner, store } = pair()
    await store.saveToken(openid, token)
    const kept = (await inner.getToken(openid))!
    for (const field of secretFields) expect(kept[field]).to.match(/^enc:v1:2026-01:[A-Za-z0-9_-]+$/)
    expect({ ...kept, ...fromElsewhere }).to.deep.equal(token)
    expect(JSON.stringify(kept)).not.to.contain('SECRET')
  })

  it('does not change the object that it saves', async () => {
    const given = structuredClone(token)
    await pair().store.saveToken(openid, given)
    expect(given).to.deep.equal(token)
  })

  it('leaves absent and empty fields absent and empty', async () => {
    const { inner, store } = pair()
    const sparse = {
      openid,
      refresh_token: '',
      session_key: undefined,
      create_at: 1,
    } as unknown as WechatToken
    await store.saveToken(openid, sparse)
    expect(await inner.getToken(openid)).to.deep.equal(sparse)
    expect(await store.getToken(openid)).to.deep.equal(sparse)
  })

  it('writes the documented format', async () => {
    const bytes = Buffer.from((await stored()).split(':')[3]!, 'base64url')
    const decipher = createDecipheriv('aes-256-gcm', first.key, bytes.subarray(0, 12))
    decipher.setAAD(context('v1', '2026-01', 'access_token', openid)).setAuthTag(bytes.subarray(-16))
    expect(Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]).toString()).to.equal(
      'SECRET-access',
    )
  })

  it('reads the documented format', async () => {
    const iv = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', second.key, iv).setAAD(
      context('v1', second.id, 'session_key', openid),
    )
    const value = Buffer.concat([
      iv,
      cipher.update('钥匙🔑', 'utf8'),
      cipher.final(),
      cipher.getAuthTag(),
    ]).toString('base64url')
    const store = await tampered(
      (kept) => {
        kept.session_key = `enc:v1:${second.id}:${value}`
      },
      { keys: [first, second] },
    )
    expect((await store.getToken(openid))?.session_key).to.equal('钥匙🔑')
  })

  it('never makes the same ciphertext twice', async () => {
    expect(await stored()).not.to.equal(await stored())
  })

  it('encrypts a value that looks encrypted', async () => {
    const { store } = pair()
    const value = await stored()
    await store.saveToken(openid, { ...token, access_token: value })
    expect((await store.getToken(openid))?.access_token).to.equal(value)
  })

  describe('rejects with ERR_WECHAT_DECRYPT', () => {
    const flipped = (value: string, index: number): string => {
      const [, , id, text] = value.split(':')
      const bytes = Buffer.from(text!, 'base64url')
      bytes[index < 0 ? bytes.length + index : index]! ^= 1
      return `enc:v1:${id!}:${bytes.toString('base64url')}`
    }
    const changes: Record<string, (value: string) => string> = {
      'whose initialization vector has a flipped bit': (value) => flipped(value, 0),
      'whose text has a flipped bit': (value) => flipped(value, 12),
      'whose tag has a flipped bit': (value) => flipped(value, -1),
      'that is cut': (value) => value.slice(0, -4),
      'that is cut to nothing but its tag': (value) => value.slice(0, 'enc:v1:2026-01:'.length + 22),
      'that is cut to its prefix': () => 'enc:v1:2026-01:',
      'that has something appended': (value) => `${value}AAAA`,
      'that is spelled in another way': (value) => `${value.slice(0, -1)}${nextSpelling(value.at(-1)!)}`,
      'that has white space around it': (value) => ` ${value}\n`,
      'under the id of another key': (value) => value.replace(':2026-01:', ':2026_02:'),
      'under an id that is not given': (value) => value.replace(':2026-01:', ':2025-12:'),
      'under the name of a member of every object': (value) => value.replace(':2026-01:', ':__proto__:'),
      'of another version': (value) => value.replace('enc:v1:', 'enc:v2:'),
      'that only begins like one that is encrypted': () => 'enc:plain',
    }
    for (const [what, change] of Object.entries(changes)) {
      for (const acceptPlaintext of what.startsWith('that has white space') ? [false] : [false, true]) {
        it(`a value ${what}${acceptPlaintext ? ', with acceptPlaintext too' : ''}`, async () => {
          const store = await tampered(
            (kept) => {
              kept.access_token = change(kept.access_token!)
            },
            { keys: [first, second], acceptPlaintext },
          )
          expect(await rejection(store.getToken(openid), WechatDecryptError)).to.include({
            code: 'ERR_WECHAT_DECRYPT',
            reason: 'stored',
          })
        })
      }
    }

    it('a value of another field', async () => {
      const store = await tampered((kept) => {
        ;[kept.access_token, kept.refresh_token] = [kept.refresh_token!, kept.access_token!]
      })
      await rejection(store.getToken(openid), WechatDecryptError)
    })

    it('the record of another user', async () => {
      const { inner, store } = pair()
      await store.saveToken(openid, token)
      await inner.saveToken(other, (await inner.getToken(openid))!)
      await rejection(store.getToken(other), WechatDecryptError)
      expect(await store.getToken(openid)).to.deep.equal(token)
    })

    it('the record of another user whose openid was changed with it', async () => {
      const { inner, store } = pair()
      await store.saveToken(openid, token)
      await inner.saveToken(other, { ...(await inner.getToken(openid))!, openid: other })
      await rejection(store.getToken(other), WechatDecryptError)
    })

    it('a value that another key of the same id encrypted', async () => {
      const { inner, store } = pair()
      await store.saveToken(openid, token)
      await rejection(
        encryptedTokenStore(inner, { keys: [newKey(first.id, 9)] }).getToken(openid),
        WechatDecryptError,
      )
    })

    it('a value that is not a string', async () => {
      const store = await tampered(
        (kept) => {
          ;(kept as Record<string, unknown>).access_token = 42
        },
        { acceptPlaintext: true },
      )
      await rejection(store.getToken(openid), WechatDecryptError)
    })

    it('a value in plain text', async () => {
      for (const field of secretFields) {
        const store = await tampered((kept) => {
          kept[field] = 'clear'
        })
        expect(await rejection(store.getToken(openid), WechatDecryptError)).to.include({
          message: `The ${field} in the token store is not encrypted`,
        })
      }
    })

    it('through the client too', async () => {
      const tokenStore = await tampered((kept) => {
        kept.access_token = 'clear'
      })
      await rejection(client({ tokenStore }).getUser(openid), WechatDecryptError)
    })
  })

  it('reads plain text with acceptPlaintext, and encrypts it when the record is saved', async () => {
    const { inner, store } = pair({ acceptPlaintext: true })
    await inner.saveToken(openid, token)
    expect(await store.getToken(openid)).to.deep.equal(token)
    await store.saveToken(openid, (await store.getToken(openid))!)
    expect((await inner.getToken(openid))?.access_token).to.match(/^enc:v1:/)
    expect(await encryptedTokenStore(inner, { keys: [first] }).getToken(openid)).to.deep.equal(token)
  })

  it('reads a record that is partly plain text', async () => {
    const store = await tampered(
      (kept) => {
        kept.refresh_token = 'clear'
      },
      { acceptPlaintext: true },
    )
    expect(await store.getToken(openid)).to.deep.equal({ ...token, refresh_token: 'clear' })
  })

  it('encrypts with the first key and decrypts with all, so that keys can be changed', async () => {
    const { inner, store } = pair()
    await store.saveToken(openid, token)
    const rotated = encryptedTokenStore(inner, { keys: [second, first] })
    expect(await rotated.getToken(openid)).to.deep.equal(token)
    await rotated.saveToken(openid, token)
    expect((await inner.getToken(openid))?.access_token).to.match(/^enc:v1:2026_02:/)
    expect(await encryptedTokenStore(inner, { keys: [second] }).getToken(openid)).to.deep.equal(token)
    await rejection(store.getToken(openid), WechatDecryptError)
  })

  it('still works after the bytes of a key are wiped', async () => {
    const key = Buffer.alloc(32, 7)
    const { inner, store } = pair({ keys: [{ id: 'k', key }] })
    key.fill(0)
    await store.saveToken(openid, token)
    expect(await encryptedTokenStore(inner, { keys: [newKey('k', 7)] }).getToken(openid)).to.deep.equal(token)
  })

  it('has deleteToken and withLock only if the other store has them', async () => {
    const bare = { getToken: async () => undefined, saveToken: async () => {} }
    expect(encryptedTokenStore(bare, { keys: [first] })).to.have.all.keys('getToken', 'saveToken')
    expect(pair().store).to.have.all.keys('getToken', 'saveToken', 'deleteToken', 'withLock')
  })

  it('passes all arguments to deleteToken and withLock', async () => {
    const { inner, store } = pair()
    await store.saveToken(openid, token)
    await store.deleteToken?.(openid)
    expect(inner.size).to.equal(0)
    const value = await store.withLock!('refresh:x', async (signal) => {
      expect(signal).to.be.an.instanceOf(AbortSignal)
      const error = await rejection(inner.withLock('refresh:x', async () => {}, { wait: 1 }))
      expect(error).to.include({ code: 'ERR_WECHAT_LOCK' })
      expect(await rejection(store.withLock!('refresh:x', async () => {}, { wait: 1 }))).to.include({
        code: 'ERR_WECHAT_LOCK',
      })
      return 'value'
    })
    expect(value).to.equal('value')
  })

  it('passes on the errors of the other store', async () => {
    const problem = new Error('down')
    const failing = { getToken: () => Promise.reject(problem), saveToken: () => Promise.reject(problem) }
    const store = encryptedTokenStore(failing, { keys: [first] })
    expect(await rejection(store.getToken(openid))).to.equal(problem)
    expect(await rejection(store.saveToken(openid, token))).to.equal(problem)
  })

  it('refuses to save a value that it could not read back', async () => {
    const { inner, store } = pair()
    for (const value of [42, true, {}, ['a'], 'half \ud83d']) {
      await rejection(store.saveToken(openid, { ...token, access_token: value as string }), TypeError)
    }
    expect(inner.size).to.equal(0)
  })

  it('refuses a key that could be mistaken for another', async () => {
    const { store } = pair()
    await rejection(store.saveToken('o\ud800', token), TypeError)
    await rejection(store.getToken('o\ud800'), TypeError)
  })

  it('shows no key and no value in its errors or when it is inspected', async () => {
    const { inner, store } = pair({
      keys: [{ id: 'k', key: Buffer.from('SECRET-key-of-exactly-32-bytes!!') }],
    })
    await store.saveToken(openid, token)
    const value = (await inner.getToken(openid))!.access_token!
    const errors = [
      await rejection(
        (
          await tampered((kept) => {
            kept.access_token = 'SECRET-clear'
          })
        ).getToken(openid),
      ),
      await rejection(
        pair().store.saveToken(openid, { ...token, access_token: ['SECRET'] as unknown as string }),
      ),
      await rejection(encryptedTokenStore(inner, { keys: [first] }).getToken(openid)),
      thrown(() =>
        encryptedTokenStore(inner, {
          keys: [{ id: 'k', key: 'SECRET-key-of-exactly-32-bytes!!' as unknown as Buffer }],
        }),
      ),
    ]
    for (const shown of [store, ...errors]) {
      const text = inspect(shown, { depth: Infinity, showHidden: true }) + JSON.stringify(shown)
      expect(text).not.to.match(/SECRET|53 45 43 52/)
      expect(text).not.to.contain(value.slice(-20))
    }
  })

  describe('throws a TypeError for', () => {
    const good = new MemoryTokenStore()
    const { key } = first
    const wrong: Record<string, [unknown, unknown]> = {
      'no store': [undefined, { keys: [first] }],
      'a store without saveToken': [{ getToken: () => {} }, { keys: [first] }],
      'no keys': [good, {}],
      'an empty list of keys': [good, { keys: [] }],
      'keys that are not an array': [good, { keys: first }],
      'a key without an id': [good, { keys: [{ key }] }],
      'a key that is nothing': [good, { keys: [null] }],
      'an empty id': [good, { keys: [{ id: '', key }] }],
      'an id with a colon': [good, { keys: [{ id: 'a:b', key }] }],
      'an id that ends in a line feed': [good, { keys: [{ id: 'a\n', key }] }],
      'an id of 33 characters': [good, { keys: [{ id: 'i'.repeat(33), key }] }],
      'two keys of the same id': [good, { keys: [first, newKey(first.id, 2)] }],
      'a key of 31 bytes': [good, { keys: [{ id: 'k', key: Buffer.alloc(31) }] }],
      'a key of 33 bytes': [good, { keys: [{ id: 'k', key: Buffer.alloc(33) }] }],
      'a key that is a text': [good, { keys: [{ id: 'k', key: 'k'.repeat(32) }] }],
      'a second key that is wrong': [good, { keys: [first, { id: 'k', key: Buffer.alloc(16) }] }],
      'an acceptPlaintext that is neither true nor false': [good, { keys: [first], acceptPlaintext: 'no' }],
    }
    for (const [what, [store, options]] of Object.entries(wrong)) {
      it(what, () => {
        expect(
          thrown(() => encryptedTokenStore(store as TokenStore, options as EncryptedTokenStoreOptions)),
        ).to.be.an.instanceOf(TypeError)
      })
    }
  })

  it('accepts an id of 32 characters and a key that is a Uint8Array', async () => {
    const { store } = pair({ keys: [{ id: 'i'.repeat(32), key: new Uint8Array(32).fill(3) }] })
    await store.saveToken(openid, token)
    expect(await store.getToken(openid)).to.deep.equal(token)
  })
})

/** The base64url character that differs only in unused bits. */
function nextSpelling(character: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return alphabet[alphabet.indexOf(character) ^ 1]!
}
