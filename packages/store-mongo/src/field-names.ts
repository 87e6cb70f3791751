// `.` and `$` mean something in MongoDB's queries and updates, a zero byte ends a name, `_id` is the document's own, mongoose
// writes `__v`, and the driver takes an object with a `_bsontype` for a value of its own.
const special = /[.$%\0]|^_(?=(?:id|_v|bsontype)$)/g
const escaped = /%(?:2E|24|25|00|5F)/g

/** A name under which the field can be kept: what means something to MongoDB is written as `%2E`, `%24`, `%25` … */
export function escapeName(name: string): string {
  return isPlain(name)
    ? name
    : name.replace(special, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)
}

/** The name that was escaped. */
export function unescapeName(name: string): string {
  return isPlain(name)
    ? name
    : name.replace(escaped, (code) => String.fromCharCode(Number.parseInt(code.slice(1), 16)))
}

/** Nearly all are. */
function isPlain(name: string): boolean {
  return !/[.$%\0]|^_/.test(name)
}
