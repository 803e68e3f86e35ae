import type { Clock } from '../concurrency/clock.ts'
import { withDeadline } from '../concurrency/deadline.ts'
import { publish } from '../events.ts'
import type { Manager } from '../manager/manager.ts'
import type { SectionCount } from '../store/store.ts'

/**
 * The sections that pages link to, kept in memory so that navigation never delays an article.
 *
 * `current` answers at once with what was read last. It starts a read in the background when that is older than 30 s
 * (1 s while no section is known: a site that has just begun to fill); a read that fails leaves the old ones.
 */
export class KnownSections {
  readonly #manager: Pick<Manager, 'listSections'>
  readonly #clock: Clock
  #sections: readonly SectionCount[] = []
  #readAt = Number.NEGATIVE_INFINITY
  #reading: Promise<void> | null = null

  constructor(manager: Pick<Manager, 'listSections'>, clock: Clock) {
    this.#manager = manager
    this.#clock = clock
  }

  current(): readonly SectionCount[] {
    const maxAgeMs = this.#sections.length === 0 ? emptyRefreshMs : refreshMs
    if (this.#clock.monotonicMs() - this.#readAt >= maxAgeMs) void this.refresh()
    return this.#sections
  }

  /** Reads them now, or joins the read that is under way; never rejects, and settles within 2 s. */
  refresh(): Promise<void> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = null
    })
    return this.#reading
  }

  async #read(): Promise<void> {
    // Counted from the start of the read, failed or not: a store in trouble is not asked more often.
    this.#readAt = this.#clock.monotonicMs()
    try {
      this.#sections = await withDeadline((signal) => this.#manager.listSections({ signal }), {
        clock: this.#clock,
        budgetMs: readBudgetMs,
        what: 'Reading the sections',
      })
    } catch (error) {
      publish('background-failed', () => ({ what: 'reading the sections for the navigation', error }))
    }
  }
}

const refreshMs = 30_000
const emptyRefreshMs = 1_000
const readBudgetMs = 2_000
