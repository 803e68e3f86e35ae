import { setTimeout as pause } from 'node:timers/promises'

/**
 * Calls `send` for each arrival of a schedule that what is sent cannot slow down: by chance (Poisson), at `rate` a second
 * for `seconds`. `dueAt` is the scheduled time, on `performance.now()`: what a reader feels is counted from there.
 */
export async function arrivals(schedule: {
  readonly rate: number
  readonly seconds: number
  readonly random: () => number
  readonly send: (dueAt: number) => void
}): Promise<void> {
  const { rate, seconds, random, send } = schedule
  const startedAt = performance.now()
  const endsAt = startedAt + seconds * 1000
  for (let dueAt = startedAt; ; ) {
    dueAt += (-Math.log(1 - random()) / rate) * 1000
    if (dueAt > endsAt) return
    // Timers are as fine as a millisecond: those that are due within it go out together.
    const waitMs = dueAt - performance.now()
    if (waitMs > 0.5) await pause(Math.max(1, Math.floor(waitMs)))
    send(dueAt)
  }
}
