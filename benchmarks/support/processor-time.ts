import { readFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'

/** Processor time that a process has used so far, all its threads together, in milliseconds; NaN where there is no /proc. */
export async function processorMs(pid: number): Promise<number> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    // The name may hold spaces and parentheses; what follows it does not.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) * msPerTick
  } catch {
    return Number.NaN
  }
}

/** Linux counts in hundredths of a second, whatever the processor's clock. */
const msPerTick = 10

/** Waits until a process has done next to nothing for a second, such as loading its index; at most two minutes. */
export async function untilIdle(pid: number): Promise<void> {
  for (let second = 0; second < 120; second++) {
    const before = await processorMs(pid)
    await pause(1000)
    const used = (await processorMs(pid)) - before
    if (!(used > idleMsPerSecond)) return
  }
  throw new Error(`The process ${pid} has not come to rest.`)
}

const idleMsPerSecond = 50
