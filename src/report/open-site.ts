import type { AppOptions } from '../app.ts'
import { systemClock } from '../concurrency/clock.ts'
import { openService } from '../service.ts'
import { openStore } from '../store/open-store.ts'
import { type RehearsalPlan, rehearseStore } from '../store/rehearse-store.ts'
import { type BeforeMode, type BeforePages, openBefore } from './baselines/before-pages.ts'
import { listenBefore } from './baselines/before-server.ts'
import { withCache } from './baselines/cached-pages.ts'
import { Fault, type FaultKind } from './baselines/fault.ts'
import type { ModeName } from './report.ts'

export interface SiteSettings {
  readonly mode: ModeName
  /** The file of a store, which the site may write to. */
  readonly file: string
  /** What writers send. */
  readonly token: string
}

/** A site that answers, and what can be done to its database. */
export interface Site extends AsyncDisposable {
  readonly url: string
  readonly fault: Fault
}

/** Opens one way to serve pages in this process. */
export async function openSite(settings: SiteSettings): Promise<Site> {
  await using opening = new AsyncDisposableStack()
  const fault = new Fault()
  const { url } = await openers[settings.mode](settings, fault, opening)
  const closing = opening.move()
  return { url, fault, [Symbol.asyncDispose]: () => closing.disposeAsync() }
}

type Opener = (settings: SiteSettings, fault: Fault, opening: AsyncDisposableStack) => Promise<{ readonly url: string }>

const before =
  (mode: BeforeMode, wrap: (pages: BeforePages) => BeforePages = (pages) => pages): Opener =>
  async ({ file }, fault, opening) =>
    opening.use(await listenBefore(opening.use(wrap(openBefore(mode, file, fault)))))

/** As it is installed, on a store that meets the fault in all that it is asked, onward's own upkeep included: so does an outage. */
const onward =
  (options: Pick<AppOptions, 'cacheBytesMax'>): Opener =>
  async ({ file, token }, fault, opening) => {
    const sound = opening.use(await openStore(`sqlite:${file}`))
    const store = rehearseStore(sound, () => onwardFaults[fault.now() ?? 'none'], systemClock)
    return opening.use(await openService({ ...options, store, token, host: '127.0.0.1', port: 0, siteName: 'after' }))
  }

const openers: Record<ModeName, Opener> = {
  blocking: before('blocking'),
  sequential: before('sequential'),
  concurrent: before('concurrent'),
  capped: before('capped'),
  'concurrent-cached': before('concurrent', withCache),
  'onward-uncached': onward({ cacheBytesMax: 0 }),
  onward: onward({}),
}

const down = { kind: 'fail' } as const
const onwardFaults: Record<FaultKind | 'none', RehearsalPlan> = {
  none: {},
  'rail-hangs': { rail: { kind: 'hang' } },
  'database-gone': { article: down, rail: down, background: down, write: down },
}
