/** The load generator, as a process of its own: it shares no event loop with what it measures, nor with who asks for it. */
import { type GeneratedArticle, generateArticles } from '../generate/generate-articles.ts'
import { answerParent } from './child-process.ts'
import { type Account, accountOf, type TimelineAccount, type TimelineSettings, timelineOf } from './load/account.ts'
import { type LoadRequest, openLoop } from './load/open-loop.ts'
import { type Arrival, coldArrivals, type LoadSettings, planLoad } from './load/plan-load.ts'

export type GeneratorQuestion =
  /** The articles that readers ask for, in the order of how often they do. */
  { readonly ask: 'archive'; readonly ids: readonly string[] } | ({ readonly ask: 'run' } & GeneratorRun)

export interface GeneratorRun {
  readonly url: string
  readonly load: LoadSettings
  readonly timeline: TimelineSettings | null
  readonly connectionsMax: number
  readonly timeoutMs: number
  /** Late by more than this at its p99, the generator counts as the limit. */
  readonly lateLimitMs: number
  /** Milliseconds since the epoch; null for at once. */
  readonly startsAtMs: number | null
  readonly token: string
  /** Published articles get ids that begin so: no two runs on one site share them. */
  readonly publishAs: string
}

export interface GeneratorAnswer {
  readonly account: Account
  readonly timeline: TimelineAccount | null
  /** How many cold articles were asked for. */
  readonly cold: number
}

let ids: readonly string[] = []

answerParent<GeneratorQuestion, GeneratorAnswer | null>({
  async answer(question) {
    if (question.ask === 'run') return await run(question)
    ids = question.ids
    return null
  },
  async close() {},
})

async function run(settings: GeneratorRun): Promise<GeneratorAnswer> {
  const { load, timeline } = settings
  const plan = planLoad(load, ids.length)
  const texts = newTexts(plan, load.seed)
  const { outcomes, utilisation } = await openLoop({
    url: settings.url,
    plan,
    request: (arrival) => requestFor(arrival, settings, texts),
    connectionsMax: settings.connectionsMax,
    timeoutMs: settings.timeoutMs,
    startsAtMs: settings.startsAtMs ?? undefined,
  })
  return {
    account: accountOf(outcomes, { utilisation, lateLimitMs: settings.lateLimitMs }),
    timeline: timeline && timelineOf(outcomes, load.warmUpSeconds * 1000, timeline),
    cold: coldArrivals(plan),
  }
}

function requestFor(arrival: Arrival, settings: GeneratorRun, texts: readonly GeneratedArticle[]): LoadRequest {
  if (arrival.kind === 'page') {
    return { method: 'GET', path: `/articles/${encodeURIComponent(ids[arrival.article] ?? '')}` }
  }
  if (arrival.kind === 'healthz') return { method: 'GET', path: '/healthz' }
  const id = `${settings.publishAs}-${arrival.number}`
  return {
    method: 'PUT',
    path: `/v1/articles/${id}`,
    headers: { 'content-type': 'application/json', authorization: `Bearer ${settings.token}` },
    body: JSON.stringify({ ...texts[arrival.number], id, publishedAt: new Date().toISOString() }),
  }
}

/** Made before the first reader comes: making them takes longer than sending them. */
function newTexts(plan: readonly Arrival[], seed: number): GeneratedArticle[] {
  const articles = plan.filter(({ kind }) => kind === 'publish').length
  return articles === 0 ? [] : [...generateArticles({ articles, seed })]
}
