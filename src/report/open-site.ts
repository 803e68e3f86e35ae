import type { AppOptions } from '../app.ts'
import { systemClock } from '../concurrency/clock.ts'
import { openService } from '../service.ts'
import { openStore } from '../store/open-store.ts'
import { type RehearsalPlan, rehearseStore } from '../store/rehearse-store.ts'
import { type BeforeMode, type BeforePages, openBefore } from './baselines/before-pages.ts'
import { listenBefore } from './baselines/before-server.ts'
import { withCache } from './baselines/cached-pages.ts'
import { Fault, type FaultKind } from './baselines/fault.ts'
import { siteDatabase } from './baselines/open-site-database.ts'
import type { ModeName } from './report.ts'

export interface SiteSettings {
  readonly mode: ModeName
  /** The URL of a store with the befores' tables in it, which the site may write to. */
  readonly store: string
  /** What writers send. */
  readonly token: string
}

/** A site that answers, and what can be done to its database. */
export interface Site extends AsyncDisposable {
  readonly url: string
  readonly fault: Fault
  /** Queries of a before that its database has not answered yet, though their readers may have gone. */
  readonly pending: () => number
}

/** Opens one way to serve pages in this process. */
export async function openSite(settings: SiteSettings): Promise<Site> {
  await using opening = new AsyncDisposableStack()
  const fault = new Fault()
  const { url, pending = () => 0 } = await openers[settings.mode](settings, fault, opening)
  const closing = opening.move()
  return { url, fault, pending, [Symbol.asyncDispose]: () => closing.disposeAsync() }
}

interface Opened {
  readonly url: string
  readonly pending?: () => number
}

type Opener = (settings: SiteSettings, fault: Fault, opening: AsyncDisposableStack) => Promise<Opened>

const before =
  (mode: BeforeMode, wrap: (pages: BeforePages) => BeforePages = (pages) => pages): Opener =>
  async ({ store }, fault, opening) => {
    const pages = opening.use(wrap(await openBefore(mode, siteDatabase(store), fault)))
    const { url } = opening.use(await listenBefore(pages))
    return { url, pending: () => pages.pending }
  }

/** As it is installed, on a store that meets the fault in all that it is asked, onward's own upkeep included: so does an outage. */
const onward =
  (options: Pick<AppOptions, 'cacheBytesMax'>): Opener =>
  async ({ store: url, token }, fault, opening) => {
    const sound = opening.use(await openStore(url))
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
