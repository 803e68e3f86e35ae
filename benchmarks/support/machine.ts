import { availableParallelism, cpus, totalmem } from 'node:os'

/** The machine that a figure was measured on, for the line beside it. */
export function machine(): string {
  const gib = Math.round(totalmem() / 2 ** 30)
  return `${availableParallelism()} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), ${gib} GiB, Node ${process.version}`
}
