import { expect } from 'chai'
import { exposed, Secrets } from './leaks.js'

const value = 'planted-secret/+=&"%<>\\é-end-of-it'

function leaksOf(exposure: unknown): string[] {
  const secrets = new Secrets()
  secrets.add('secret', value)
  return secrets.leaksIn(exposed(exposure))
}

/** An error that has the text somewhere. */
function errorWith(place: (error: Error & Record<PropertyKey, unknown>) => void): Error {
  const error = new Error('failed') as Error & Record<PropertyKey, unknown>
  place(error)
  return error
}

const hidingPlaces: Record<string, (text: string) => unknown> = {
  'in the message': (text) => new Error(`failed: ${text}`),
  'in the stack only': (text) =>
    errorWith((error) => {
      error.stack = text
    }),
  'in an own member': (text) =>
    errorWith((error) => {
      error['url'] = text
    }),
  'in a name of a member': (text) =>
    errorWith((error) => {
      error[text] = 1
    }),
  'in a member with a symbol': (text) =>
    errorWith((error) => {
      error[Symbol('url')] = text
    }),
  'in a member that is not enumerable': (text) =>
    errorWith((error) => Object.defineProperty(error, 'url', { value: text })),
  'in a getter of the class': (text) =>
    new (class extends Error {
      get url() {
        return text
      }
    })('failed'),
  'in the cause of a cause': (text) =>
    new Error('failed', { cause: new Error('because', { cause: { sql: text } }) }),
  'in an aggregate': (text) => new AggregateError([new Error(text)]),
  'in a map in an array': (text) => [new Map([['url', text]])],
  'in a buffer': (text) => ({ body: Buffer.from(text) }),
  'in what toJSON gives': (text) => ({ toJSON: () => text }),
  'in what toString gives': (text) => ({ toString: () => text }),
}

const disguises: Record<string, string> = {
  'as it is': value,
  'URL-encoded': encodeURIComponent(value),
  'as a form': new URLSearchParams({ value }).toString(),
  'in base64': Buffer.from(value).toString('base64'),
  'in JSON': JSON.stringify({ value }),
  'in HTML': value
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;'),
  'cut off': value.slice(0, 14),
  'without its beginning': value.slice(-14),
}

describe('The search for leaked secrets', () => {
  for (const [place, hide] of Object.entries(hidingPlaces)) {
    it(`finds a secret ${place}`, () => {
      expect(leaksOf(hide(value))).to.not.be.empty
    })
  }

  for (const [disguise, text] of Object.entries(disguises)) {
    it(`finds a secret ${disguise}`, () => {
      expect(leaksOf(new Error(`failed: ${text}`))).to.not.be.empty
    })
  }

  it('finds a query string, whatever is in it', () => {
    expect(leaksOf(new Error('GET /sns/userinfo?lang=en'))).to.have.lengthOf(1)
  })

  it('finds nothing in an error that says nothing', () => {
    expect(
      leaksOf(
        new Error('/sns/userinfo returned 40013 invalid appid: is it right? a = b', {
          cause: new TypeError('no'),
        }),
      ),
    ).to.be.empty
  })
})
