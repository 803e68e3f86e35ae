/** One way to serve pages, as a process of its own that tells what it used: what the report measures. */
import { getPriority, setPriority } from 'node:os'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import type { FaultKind } from './baselines/fault.ts'
import { answerParent } from './child-process.ts'
import { openSite, type Site, type SiteSettings } from './open-site.ts'
import type { EventLoop } from './report.ts'

export type SiteQuestion =
  | ({ readonly ask: 'open' } & SiteSettings)
  /** From here on {@link SiteFigures} count. */
  | { readonly ask: 'begin' }
  | { readonly ask: 'figures' }
  /** Times in milliseconds since the epoch. */
  | { readonly ask: 'fault'; readonly kind: FaultKind; readonly fromMs: number; readonly untilMs: number }

/** In the system's terms, where 0 is usual and 19 the lowest. */
const belowTheGenerator = 5

export type SiteAnswer = { readonly url: string } | SiteFigures | null

export interface SiteFigures {
  readonly cpuMs: number
  readonly memoryBytes: number
  readonly loop: EventLoop
  /** Queries that the database has not answered yet. */
  readonly pending: number
}

// Below the load generator, which needs a little of the processor at the right moment: a site that takes all of it must
// be seen to be slow, and not make the generator late. Threads that are started from here on inherit it.
setPriority(Math.min(19, getPriority() + belowTheGenerator))
const delay = monitorEventLoopDelay({ resolution: 1 })
let since = { cpu: process.cpuUsage(), loop: performance.eventLoopUtilization() }
let memoryBytes = 0
let site: Site | null = null
const watchMemory = setInterval(() => {
  memoryBytes = Math.max(memoryBytes, process.memoryUsage.rss())
}, 100)

answerParent<SiteQuestion, SiteAnswer>({
  async answer(question) {
    if (question.ask === 'open') {
      site = await openSite(question)
      return { url: site.url }
    }
    if (question.ask === 'begin') return begin()
    if (question.ask === 'figures') return figures()
    site?.fault.plan(question.kind, question.fromMs, question.untilMs)
    return null
  },
  async close() {
    clearInterval(watchMemory)
    delay.disable()
    await site?.[Symbol.asyncDispose]()
  },
})

function begin(): null {
  delay.enable()
  delay.reset()
  memoryBytes = process.memoryUsage.rss()
  since = { cpu: process.cpuUsage(), loop: performance.eventLoopUtilization() }
  return null
}

function figures(): SiteFigures {
  const { user, system } = process.cpuUsage(since.cpu)
  const at = (percentile: number) => (delay.count === 0 ? 0 : delay.percentile(percentile) / 1e6)
  return {
    cpuMs: (user + system) / 1000,
    memoryBytes: Math.max(memoryBytes, process.memoryUsage.rss()),
    pending: site?.pending() ?? 0,
    loop: {
      delayP50Ms: at(50),
      delayP99Ms: at(99),
      delayMaxMs: delay.count === 0 ? 0 : delay.max / 1e6,
      utilisation: performance.eventLoopUtilization(since.loop).utilization,
    },
  }
}
