/** @throws TypeError for what MongoDB does not accept as the name of a collection */
export function checkCollection(name: unknown): asserts name is string {
  if (typeof name !== 'string' || !/^(?!system\.)[^$\0]+$/.test(name) || name.split('.').includes('')) {
    throw new TypeError('collection must be a valid name for a MongoDB collection')
  }
}
