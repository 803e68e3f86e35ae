import { randomBytes } from 'node:crypto'

/** Ids that are unique across restarts, so that a line in a log is found by the id that a reader was given. */
export function requestIds(): () => string {
  const start = randomBytes(4).toString('hex')
  let last = 0
  return () => `${start}-${(++last).toString(36)}`
}
