// The certificate library needs this for its decorators, so it must be imported first.
import 'reflect-metadata'
import { randomBytes, webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import type { TlsKeys } from './http/server.js'

/** The certificates of one run. The authority's key is discarded after signing. */
export interface Certificates extends TlsKeys {
  /** the authority's certificate, PEM */
  ca: string
}

/** WeChat's host names. */
const wechatHosts = [
  'open.weixin.qq.com',
  'api.weixin.qq.com',
  'api2.weixin.qq.com',
  'sh.api.weixin.qq.com',
  'sz.api.weixin.qq.com',
  'hk.api.weixin.qq.com',
  'mp.weixin.qq.com',
  'lp.open.weixin.qq.com',
  'long.open.weixin.qq.com',
  'res.wx.qq.com',
  'weixin.qq.com',
]

/** The authority can issue certificates only for these names and their subdomains, which protects everybody who trusts it. */
const permittedNames = ['weixin.qq.com', 'res.wx.qq.com']

const day = 86_400_000
const lifetime = 7 * day
/** Allows for clients whose clocks are slow. */
const leeway = 3_600_000

const keyAlgorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

function tlv(tag: number, ...contents: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const content = Buffer.concat(contents)
  if (content.length > 127) throw new RangeError('DER values longer than 127 bytes are not supported')
  return Buffer.concat([Uint8Array.of(tag, content.length), content])
}

/** RFC 5280, 4.2.1.10: permits only the given DNS names and their subdomains, and no IP addresses. */
function nameConstraints(): x509.Extension {
  const permitted = permittedNames.map((name) => tlv(0x30, tlv(0x82, Buffer.from(name, 'ascii'))))
  const addresses = [8, 32].map((length) => tlv(0x30, tlv(0x87, new Uint8Array(length))))
  return new x509.Extension('2.5.29.30', true, tlv(0x30, tlv(0xa0, ...permitted), tlv(0xa1, ...addresses)))
}

function generateKeys(extractable: boolean): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(keyAlgorithm, extractable, ['sign', 'verify'])
}

/** Positive and random, because browsers refuse two certificates with the same issuer and number. */
function serialNumber(): string {
  return `01${randomBytes(15).toString('hex')}`
}

/** Creates a certificate authority, and a certificate for WeChat's hosts that it signs. */
export async function issueCertificates(): Promise<Certificates> {
  const now = Date.now()
  const period = { notBefore: new Date(now - leeway), notAfter: new Date(now - leeway + lifetime) }
  const caKeys = await generateKeys(false)
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: 'CN=WeChat sandbox (not WeChat), O=wechat-sandbox',
    ...period,
    signingAlgorithm: keyAlgorithm,
    keys: caKeys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(caKeys.publicKey),
      nameConstraints(),
    ],
  })
  const leafKeys = await generateKeys(true)
  const leaf = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: 'CN=WeChat sandbox (not WeChat)',
    issuer: ca.subject,
    ...period,
    signingAlgorithm: keyAlgorithm,
    publicKey: leafKeys.publicKey,
    signingKey: caKeys.privateKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(wechatHosts.map((value) => ({ type: 'dns' as const, value }))),
      await x509.SubjectKeyIdentifierExtension.create(leafKeys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(caKeys.publicKey),
    ],
  })
  const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', leafKeys.privateKey))
  return {
    key: x509.PemConverter.encode(key, 'PRIVATE KEY'),
    cert: leaf.toString('pem'),
    ca: ca.toString('pem'),
  }
}
