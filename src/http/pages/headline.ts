import type { Article } from '../../article/article.ts'

/** What stands over an article, and what is left to stand below it. */
export interface Headline {
  readonly text: string
  /** False: the text below opens with the same words, so that the headline is for machines and screen readers only. */
  readonly visible: boolean
  /** The plain body without what became the headline. */
  readonly body: string
}

/**
 * The headline of an article, also of one that came without a title.
 *
 * Agencies send flashes whose title is the first line of the text: a short first paragraph becomes the headline.
 */
export function headlineOf(article: Article): Headline {
  const title = article.title.trim()
  if (title !== '') return { text: title, visible: true, body: article.body }
  const body = article.body.trim()
  const [first = ''] = body.split(/\n\s*\n/, 1)
  if (article.bodyHtml === undefined && first !== '' && first.length <= headlineLengthMax) {
    return { text: first.replace(/\s+/g, ' '), visible: true, body: body.slice(first.length).trim() }
  }
  return { text: openingWords(body, headlineLengthMax) || 'Untitled', visible: false, body: article.body }
}

/**
 * A class for a headline that needs other type than most: `caps` for an agency's ALL CAPITALS, which shout and run wide,
 * `long` for one that would fill a telephone's screen.
 */
export function headlineClass(text: string): '' | 'caps' | 'long' {
  if (text.length > longHeadline) return 'long'
  return /\p{Lu}.*\p{Lu}.*\p{Lu}/su.test(text) && !/\p{Ll}/u.test(text) ? 'caps' : ''
}

/** The start of a text as one line, cut at a word to at most `lengthMax` characters, the ellipsis among them. */
export function openingWords(text: string, lengthMax: number): string {
  // Only the start is looked at: a body may be two megabytes long.
  const line = text
    .slice(0, lengthMax * 2)
    // Most spaces are single ones, and nothing has to be done for those.
    .replace(/\s{2,}|[^\S ]/g, ' ')
    .trim()
  if (line.length <= lengthMax) return line
  const cut = line.slice(0, lengthMax - 1)
  const lastSpace = cut.lastIndexOf(' ')
  // Languages without spaces, or one endless word, are cut where they stand.
  return `${(lastSpace > lengthMax / 2 ? cut.slice(0, lastSpace) : cut).replace(/[\s,;:–—-]+$/u, '')}…`
}

// The longest titles in 21,578 agency articles are about this long.
const headlineLengthMax = 140
// About five lines of the article's headline at 390 pixels.
const longHeadline = 110
