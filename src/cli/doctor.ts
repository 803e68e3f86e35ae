import { systemClock } from '../concurrency/clock.ts'
import { type Examination, examinationText } from '../doctor/check.ts'
import { examineRedis } from '../doctor/examine-redis.ts'
import { examineStore } from '../doctor/examine-store.ts'
import { resolveOption } from '../options.ts'
import { type DoctorFlags, defaultStoreUrl } from './cli.ts'
import { writeOut } from './outputs.ts'

/**
 * Looks at the store, and at the shared cache where one is named, and says what is as it should be, what is not, and what to do.
 *
 * @returns the exit code: 1 when something fails
 */
export async function doctorCommand(flags: DoctorFlags, signal: AbortSignal): Promise<number> {
  const examinations: Examination[] = [
    await examineStore(resolveOption('store', flags.store) ?? defaultStoreUrl, { clock: systemClock, signal }),
  ]
  const cache = resolveOption('cache', flags.cache)
  if (cache !== null) {
    const budgetMs = resolveOption('cacheBudgetMs', undefined)
    examinations.push(await examineRedis(cache, { budgetMs, clock: systemClock, signal }))
  }
  const isSound = examinations.every(({ checks }) => checks.every(({ state }) => state !== 'fail'))
  const text =
    flags.format === 'json'
      ? `${JSON.stringify({ ok: isSound, examinations })}\n`
      : examinations.map(examinationText).join('\n')
  await writeOut(text, signal)
  return isSound ? 0 : 1
}
