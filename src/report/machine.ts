import { cpus, loadavg, totalmem } from 'node:os'
import type { Machine } from './report.ts'

/** The machine that this process runs on, as every figure names it. */
export function describeMachine(): Machine {
  // Not availableParallelism: whoever measures holds itself to one of them, and the machine is the same.
  const cores = cpus().length
  const cpu = cpus()[0]?.model.trim() || 'unknown processor'
  const memoryBytes = totalmem()
  const [major, minor] = process.versions.node.split('.')
  return {
    line: `${cores} cores (${cpu}), ${Math.round(memoryBytes / 2 ** 30)} GiB, Node ${major}.${minor}`,
    cores,
    cpu,
    memoryBytes,
    platform: `${process.platform} ${process.arch}`,
    loadAverage: loadavg()[0] ?? 0,
  }
}
