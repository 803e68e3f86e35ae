import type { Article, ArticleSummary } from './article.ts'

/** In UTF-16 code units, the ellipsis included. */
export const standfirstLengthMax = 240

// About what a headline takes in a list: two lines on a phone.
const derivedTitleLengthMax = 100

/** What lists and rails show of an article. */
export function summaryOf(article: Article): ArticleSummary {
  const opening = article.standfirst?.trim() || article.body
  return {
    id: article.id,
    title:
      inOneLine(article.title) ||
      cutAtWord(article.body, derivedTitleLengthMax) ||
      cutAtWord(opening, derivedTitleLengthMax) ||
      article.id,
    standfirst: cutAtWord(opening, standfirstLengthMax),
    url: article.url ?? null,
    byline: article.byline ?? null,
    section: article.section ?? null,
    source: article.source ?? null,
    language: article.language ?? null,
    image: article.image ?? null,
    publishedAt: article.publishedAt,
    updatedAt: article.updatedAt,
  }
}

/**
 * The start of a text in one line, at most `lengthMax` UTF-16 code units with the ellipsis that says it was cut.
 *
 * Cut between words; where a script has no spaces, between characters as a reader sees them.
 */
export function cutAtWord(text: string, lengthMax: number): string {
  // Four times as much is read as is shown: a body may be megabytes, and may start with blank lines.
  const line = inOneLine(text.slice(0, text.search(/\S/) + lengthMax * 4))
  if (line.length <= lengthMax) return line
  const room = line.slice(0, lengthMax)
  const lastSpace = room.lastIndexOf(' ')
  const words = lastSpace >= lengthMax / 2 ? room.slice(0, lastSpace) : wholeCharacters(line, lengthMax - 1)
  return `${words.replace(/[\s,;:–—-]+$/u, '')}…`
}

const characters = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

function wholeCharacters(line: string, lengthMax: number): string {
  // One character more than fits, so that a family emoji that crosses the edge is seen whole and left out whole.
  let end = 0
  for (const { index, segment } of characters.segment(line.slice(0, lengthMax + 40))) {
    if (index + segment.length > lengthMax) break
    end = index + segment.length
  }
  return line.slice(0, end)
}

function inOneLine(text: string): string {
  return text.replace(/\s+/gu, ' ').trim()
}
