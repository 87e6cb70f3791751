// `.` and `$` are special in MongoDB's queries and updates, a zero byte ends a name, `_id` belongs to the document, mongoose
// writes `__v`, and the driver mistakes an object with a `_bsontype` for one of its own values.
const special = /[.$%\0]|^_(?=(?:id|_v|bsontype)$)/g
const escaped = /%(?:2E|24|25|00|5F)/g

/** Returns a name that MongoDB accepts: special characters become `%2E`, `%24`, `%25` … */
export function escapeName(name: string): string {
  return isPlain(name)
    ? name
    : name.replace(special, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)
}

/** Returns the original name. */
export function unescapeName(name: string): string {
  return isPlain(name)
    ? name
    : name.replace(escaped, (code) => String.fromCharCode(Number.parseInt(code.slice(1), 16)))
}

/** True for nearly all names. */
function isPlain(name: string): boolean {
  return !/[.$%\0]|^_/.test(name)
}
