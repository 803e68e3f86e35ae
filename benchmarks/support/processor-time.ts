import { readFile } from 'node:fs/promises'

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
