/** Whether a text was copied with white space around it. */
export function hasOuterSpace(text: string): boolean {
  return text.trim() !== text
}

/**
 * For texts that WeChat compares whole.
 *
 * @param who - the class or function that takes the option
 * @throws TypeError that names the option
 */
export function refuseOuterSpace(who: string, option: string, text: string): void {
  if (!hasOuterSpace(text)) return
  throw new TypeError(`${who}: ${option} has white space at its start or end. Remove it`)
}
