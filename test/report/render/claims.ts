import { Parser } from 'htmlparser2'
import { count, duration, memory, rate, share, span, times } from '../../../src/report/render/figures.ts'
import { modeDescriptions, type Report } from '../../../src/report/report.ts'

/**
 * Every figure in `page` that is not in `report`, as words; empty when the page claims nothing of its own.
 *
 * A figure stands in a `<data>` (in a drawing, in a text with `data-value`) whose number is in the report, and is one of
 * the ways to write it. Elsewhere there may be digits in words that the report itself holds, at axes, and in a few fixed
 * words such as p99.
 */
export function unfoundedClaims(page: string, report: Report): string[] {
  const { numbers, texts } = leavesOf(report)
  const written = new Set([...numbers].flatMap(waysToWrite))
  const claims: string[] = []
  const open: { name: string; value: number | null; isFree: boolean; isProse: boolean }[] = []
  const parser = new Parser({
    onopentag(name, attributes) {
      const value = attributes['data-value'] ?? (name === 'data' ? attributes.value : undefined)
      const isFree =
        ['style', 'time'].includes(name) || /(?:^| )axis(?:$| )/.test(attributes.class ?? '') || open.at(-1)?.isFree
      // Where numbers cannot be carried along.
      const isProse = ['title', 'desc'].includes(name) || attributes.class === 'headline'
      open.push({ name, value: value === undefined ? null : Number(value), isFree: isFree ?? false, isProse })
    },
    onclosetag() {
      open.pop()
    },
    ontext(text) {
      const here = open.at(-1)
      if (here === undefined || here.isFree || !/\d/.test(text)) return
      if (here.value !== null) {
        const ways = waysToWrite(here.value)
        const isWritten = ways.some((way) => !/\d/.test(text.replace(way, '')))
        if (!numbers.has(here.value)) claims.push(`${here.value} (“${text}”) is not in the report`)
        else if (!isWritten) claims.push(`“${text}” is no way to write ${here.value}`)
        return
      }
      const rest = withoutKnown(text, [...texts, ...fixedTexts], here.isProse ? written : new Set())
      if (/\d/.test(rest)) claims.push(`“${rest.trim()}” in <${here.name}> has no number behind it`)
    },
  })
  parser.end(page)
  return claims
}

/** Every figure in `text` that is no way to write a number of `report`; for text that cannot carry the numbers along. */
export function unfoundedFigures(text: string, report: Report): string[] {
  const { numbers, texts } = leavesOf(report)
  const written = new Set([...numbers].flatMap(waysToWrite))
  return withoutKnown(text, [...texts, ...fixedTexts], written).match(/\S*\d\S*/g) ?? []
}

function withoutKnown(text: string, known: readonly string[], written: ReadonlySet<string>): string {
  const longestFirst = known.toSorted((a, b) => b.length - a.length)
  const rest = longestFirst.reduce((left, words) => left.replaceAll(words, ' '), text).replace(fixedWords, ' ')
  // A figure with its unit, then without: `1.1 s` first, so that no `1.1` of another kind is found in it.
  return rest
    .replace(/\d[\d,.]*\d? (?:ms|s|min(?: \d+ s)?|h(?: \d+ min)?|MiB|GiB)\b|\d[\d.]*%/g, (figure) =>
      written.has(figure) ? ' ' : figure,
    )
    .replace(/\d(?:[\d,.]*\d)?(?![\d.,]*\d| ?(?:ms|s|min|h|MiB|GiB)\b| ?%)/g, (figure) =>
      written.has(figure) ? ' ' : figure,
    )
}

function waysToWrite(number: number): string[] {
  const figures = [duration, rate, count, times, share, memory, span].map((write) => write(number).text)
  return [...new Set([...figures, String(number)])].sort((a, b) => b.length - a.length)
}

function leavesOf(report: Report): { numbers: Set<number>; texts: Set<string> } {
  const numbers = new Set<number>()
  const texts = new Set<string>()
  const visit = (value: unknown): void => {
    if (typeof value === 'number') numbers.add(value)
    else if (typeof value === 'string') texts.add(value)
    else if (typeof value === 'object' && value !== null) Object.values(value).forEach(visit)
  }
  // As it is written to report.json.
  visit(JSON.parse(JSON.stringify(report)))
  return { numbers, texts: new Set([...texts].filter((text) => /\d/.test(text))) }
}

const fixedTexts = Object.values(modeDescriptions)
const fixedWords = /\bp(?:50|90|99\.9|99)\b|\b1 in 1000?\b|\b99 of 100\b|\brun \d+\b/g
