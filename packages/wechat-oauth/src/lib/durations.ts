/** A day in seconds. */
export const daySeconds = 24 * 3600

/** A day in milliseconds. */
export const dayMs = daySeconds * 1000

/** Longest lifetime of a refresh token in seconds, counted from the login: 30 days. */
export const refreshTokenSeconds = 30 * daySeconds
