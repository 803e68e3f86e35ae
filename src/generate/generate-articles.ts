import { inventWorld } from './news-world.ts'
import { seededRandom } from './seeded-random.ts'
import { inventStory, type Story, storySize, storySizeMean } from './story.ts'
import { writeArticle } from './write-article.ts'

export interface GenerateOptions {
  /** How many; 1 or more. */
  readonly articles: number
  /** The same seed gives the same articles; fewer of them are the beginning of more. */
  readonly seed: number
  /** Default 1000, a large newsroom with its agencies. */
  readonly perDay?: number
  /** When the first day begins, ISO 8601. Default {@link generatedFrom}. */
  readonly from?: string
}

/** An article as `onward ingest` reads it. */
export interface GeneratedArticle {
  readonly id: string
  readonly title: string
  readonly body: string
  readonly section: string
  readonly tags: readonly string[]
  readonly source: string
  readonly byline: string
  readonly language: 'en'
  readonly publishedAt: string
  /** Ground truth: articles with the same are about the same event. */
  readonly story: string
}

/** A day in the past far enough that a million articles at a thousand a day are all published by now. */
export const generatedFrom = '2020-01-01T00:00:00.000Z'

/**
 * News-like articles in the order in which they are published, one at a time, for measuring at any size.
 *
 * Stories begin by chance, more of them by day than by night; each has its articles in a burst that dies away within
 * days, names and words that its articles share in part, a topic that other stories share, and agency texts that are
 * reprinted. What is kept meanwhile are the stories of the last few days: it does not grow with `articles`.
 */
export function* generateArticles(options: GenerateOptions): Generator<GeneratedArticle, void, void> {
  for (const { article } of generateWithState(options)) yield article
}

/** {@link generateArticles}, telling how many articles are planned and not yet written: what it keeps in memory. */
export function* generateWithState({
  articles,
  seed,
  perDay = 1000,
  from = generatedFrom,
}: GenerateOptions): Generator<{ readonly article: GeneratedArticle; readonly planned: number }, void, void> {
  const random = seededRandom(seed)
  const world = inventWorld(random)
  const startsAt = Date.parse(from)
  const storiesPerHour = perDay / 24 / storySizeMean()
  /** By the hour of their publication. */
  const plans = new Map<number, Plan[]>()
  let planned = 0
  let stories = 0
  let written = 0

  const plan = (at: number, story: Story) => {
    const hour = Math.floor(at)
    const ofHour = plans.get(hour)
    if (ofHour) ofHour.push({ at, story })
    else plans.set(hour, [{ at, story }])
    planned++
  }

  for (let hour = 0; ; hour++) {
    for (const at of arrivals(hour, storiesPerHour, random)) {
      const story = inventStory(++stories, world, random)
      plan(at, story)
      // Some are told within the day, some over several.
      const meanHours = 3 + 30 * random() ** 2
      for (let left = storySize(random) - 1; left > 0; left--) {
        plan(at + Math.min(storyHoursMax, -Math.log(1 - random()) * meanHours), story)
      }
    }
    const due = plans.get(hour) ?? []
    plans.delete(hour)
    for (const { at, story } of due.sort((a, b) => a.at - b.at)) {
      if (written === articles) return
      written++
      planned--
      const { title, body, source, byline } = writeArticle(story, world, random)
      yield {
        article: {
          id: `g${written}`,
          title,
          body,
          section: story.section,
          tags: [story.topic.name, ...story.places.slice(0, 1)],
          source,
          byline,
          language: 'en',
          publishedAt: new Date(startsAt + Math.floor(at * 3_600_000)).toISOString(),
          story: `s${story.number}`,
        },
        planned,
      }
    }
    if (written === articles) return
  }
}

/** An article to be written, `at` hours after the start. */
interface Plan {
  readonly at: number
  readonly story: Story
}

/** When in this hour stories begin: Poisson, three times as many at noon as at midnight. */
function arrivals(hour: number, perHour: number, random: () => number): number[] {
  const rate = perHour * (1 - 0.5 * Math.cos((2 * Math.PI * (hour % 24)) / 24))
  const times: number[] = []
  for (let at = 0; ; ) {
    at -= Math.log(1 - random()) / rate
    if (at >= 1) return times
    times.push(hour + at)
  }
}

/** No story is told for longer, in hours: what is planned ahead has a bound. */
const storyHoursMax = 10 * 24
