import { pause, systemClock } from '../concurrency/clock.ts'
import { siblingModule } from '../concurrency/thread.ts'
import type { FaultKind } from './baselines/fault.ts'
import { Child, ChildFailedError } from './child-process.ts'
import type { SiteSettings } from './open-site.ts'
import type { SiteAnswer, SiteFigures, SiteQuestion } from './site-process.ts'

/** A site in a process of its own. */
export class MeasuredSite implements AsyncDisposable {
  readonly url: string
  readonly #child: Child<SiteQuestion, SiteAnswer>

  private constructor(url: string, child: Child<SiteQuestion, SiteAnswer>) {
    this.url = url
    this.#child = child
  }

  /** Opened, and at rest. @throws ChildFailedError when it does not open */
  static async open(settings: SiteSettings, signal: AbortSignal): Promise<MeasuredSite> {
    await using opening = new AsyncDisposableStack()
    const module = siblingModule(import.meta.url, 'site-process')
    const child = opening.use(new Child<SiteQuestion, SiteAnswer>(`The site ${settings.mode}`, module))
    const answer = await child.ask({ ask: 'open', ...settings }, signal)
    if (!answer || !('url' in answer)) throw new ChildFailedError(`The site ${settings.mode} gave no address.`)
    const site = new MeasuredSite(answer.url, child)
    // onward loads its index behind its readers: a newsroom starts its server before its peak hour.
    await site.settle(signal, openWithinMs)
    opening.move()
    return site
  }

  /** {@link figures} count from here. */
  async begin(signal: AbortSignal): Promise<void> {
    await this.#child.ask({ ask: 'begin' }, signal)
  }

  async figures(signal: AbortSignal): Promise<SiteFigures> {
    const answer = await this.#child.ask({ ask: 'figures' }, signal)
    if (!answer || !('cpuMs' in answer)) throw new ChildFailedError('The site gave no figures.')
    return answer
  }

  /** Times in milliseconds since the epoch. */
  async plan(kind: FaultKind, fromMs: number, untilMs: number, signal: AbortSignal): Promise<void> {
    await this.#child.ask({ ask: 'fault', kind, fromMs, untilMs }, signal)
  }

  /**
   * Waits until the site has worked through what its last readers left behind, so that one run does not pay for
   * another's; gives up after `withinMs`.
   */
  async settle(signal: AbortSignal, withinMs = settleWithinMs): Promise<void> {
    const giveUpAt = performance.now() + withinMs
    while (performance.now() < giveUpAt) {
      await this.begin(signal)
      await pause(systemClock, lookMs, signal)
      const { cpuMs, pending } = await this.figures(signal)
      // While its database server works for it, a site may take no time of the processor at all.
      if (cpuMs < lookMs * idleShare && pending === 0) return
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child[Symbol.asyncDispose]()
  }
}

const settleWithinMs = 20_000
/** A million articles are not loaded by then; what is measured says so by being slower. */
const openWithinMs = 60_000
const lookMs = 150
/** Of one core: an idle site with its timers takes less. */
const idleShare = 0.25
