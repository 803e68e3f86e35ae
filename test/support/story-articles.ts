import type { ArticleInput, PreparedArticle } from '../../src/article/article.ts'
import { fingerprint } from '../../src/article/fingerprint.ts'
import { documentOf } from '../../src/related/index-client.ts'
import type { RailItem } from '../../src/related/related.ts'
import { RelatedIndex } from '../../src/related/related-index.ts'
import type { Store } from '../../src/store/store.ts'

/** How many articles tell one story: each is related to the others of its story, and to nobody else. */
export const storySize = 4

/**
 * The `number`th of any number of invented articles: 0 to 3 tell the first story, 4 to 7 the second, and so on. Which belong into
 * which rail is known beforehand and does not depend on the statistics that an index has counted: no two stories share a word.
 */
export function storyArticle(number: number): ArticleInput {
  const story = Math.floor(number / storySize)
  const part = number % storySize
  const shared = Array.from({ length: 12 }, (_, index) => inventedWord(story * 64 + index))
  const own = Array.from({ length: 8 }, (_, index) => inventedWord(story * 64 + 16 + part * 8 + index))
  return {
    id: `story-${number}`,
    title: `${shared[0]} ${shared[1]} ${own[0]}`,
    body: `${shared.join(' ')}. ${own.join(' ')}. ${shared.slice(2, 8).join(' ')} ${own.slice(1, 5).join(' ')}.`,
    tags: [],
    language: 'en',
    section: ['World', 'Local', 'Sport'][story % 3] ?? 'World',
    status: 'published',
    // Unequal steps, so that no two mates are equally near in time.
    publishedAt: new Date(
      Date.parse('2026-10-01T06:00:00Z') + (2 ** part - 1) * 3_600_000 + story * 1000,
    ).toISOString(),
  }
}

export function preparedStoryArticle(number: number): PreparedArticle {
  const input = storyArticle(number)
  return { input, fingerprint: fingerprint(input) }
}

/** The rails as they are stored, and as an index makes them that is given the same articles for the first time: ids in order. */
export async function railsAndRebuild(store: Store): Promise<{ stored: Rails; rebuilt: Rails }> {
  const index = new RelatedIndex()
  const stored: Record<string, string[]> = {}
  for (let afterId = ''; ; ) {
    const page = await store.readIndexPage({ afterId, limit: 500, now: Date.now() })
    const last = page.at(-1)
    if (!last) break
    for (const { id, document, railItems } of page) {
      index.put(documentOf(JSON.parse(document)))
      stored[id] = idsIn(JSON.parse(railItems ?? '[]') as RailItem[])
    }
    afterId = last.id
  }
  const rebuilt: Record<string, string[]> = {}
  for (let remaining = 1; remaining > 0; ) {
    const settled = index.settle({ atMost: 500 })
    for (const { articleId, items } of settled.rails) rebuilt[articleId] = idsIn(items)
    remaining = settled.remaining
  }
  return { stored, rebuilt }
}

export type Rails = Readonly<Record<string, readonly string[]>>

function idsIn(items: readonly RailItem[]): string[] {
  return items.map(({ id }) => id)
}

/** Three syllables that tell the number, and a last letter that keeps stemmers from cutting one word down to another. */
function inventedWord(number: number): string {
  const syllable = (value: number) => `${'bdfghjklmnprstvz'[value % 16]}${'aeiou'[Math.floor(value / 16) % 5]}`
  return `${syllable(number % 80)}${syllable(Math.floor(number / 80) % 80)}${syllable(Math.floor(number / 6400) % 80)}k`
}
