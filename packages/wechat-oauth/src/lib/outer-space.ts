/** Whether a text has white space at its start or end, as after copying. */
export function hasOuterSpace(text: string): boolean {
  return text.trim() !== text
}

/**
 * Refuses white space around a value that WeChat compares exactly.
 *
 * @param who - the class or function that has the option
 * @throws TypeError that names the option
 */
export function refuseOuterSpace(who: string, option: string, text: string): void {
  if (!hasOuterSpace(text)) return
  throw new TypeError(`${who}: ${option} has white space at its start or end. Remove it`)
}
