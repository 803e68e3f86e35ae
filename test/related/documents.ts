import fc from 'fast-check'
import type { RelatedDocument } from '../../src/related/related.ts'

export const day = 86_400_000

/** A document with what matters to a test; the rest is as plain as can be. */
export function document(id: string, known: Partial<RelatedDocument> = {}): RelatedDocument {
  return {
    id,
    title: '',
    standfirst: '',
    body: '',
    section: null,
    tags: [],
    source: null,
    language: 'en',
    publishedAtMs: 0,
    evolvedFrom: null,
    ...known,
  }
}

/** Few enough words that articles meet, enough that they differ. */
const words = Array.from(
  { length: 60 },
  (_, at) => `w${String.fromCharCode(97 + (at % 26))}${'xyz'[Math.floor(at / 26)]}`,
)

// Low numbers more often than high ones, as words in a language are.
const word = fc.tuple(fc.nat(59), fc.nat(59)).map(([a, b]) => words[Math.min(a, b)]!)

const fields = fc.record({
  title: fc.array(word, { maxLength: 4 }).map((all) => all.join(' ')),
  body: fc.array(word, { minLength: 1, maxLength: 30 }).map((all) => all.join(' ')),
  language: fc.constantFrom('en', 'en', 'en', 'de', null),
  source: fc.constantFrom('Courier', 'Wire', null),
  publishedAtMs: fc.integer({ min: 0, max: 20 * 24 }).map((hours) => hours * 3_600_000),
  /** The text of an article before it, word for word, or the version before it; by distance, when there is one. */
  repeats: fc.option(fc.nat(9), { freq: 6 }),
  replaces: fc.option(fc.nat(9), { freq: 8 }),
})

/** Articles with ids `a0`, `a1` ..., repeats and later versions among them unless `plain`. */
export function documents(
  size: { min: number; max: number; plain?: boolean },
  prefix = 'a',
): fc.Arbitrary<RelatedDocument[]> {
  return fc.array(fields, { minLength: size.min, maxLength: size.max }).map((all) =>
    all.map(({ repeats, replaces, ...known }, at) => {
      const earlier = repeats === null || size.plain || repeats >= at ? known : all[at - repeats - 1]!
      const evolvedFrom = replaces === null || size.plain || replaces >= at ? null : `${prefix}${at - replaces - 1}`
      return document(`${prefix}${at}`, { ...known, title: earlier.title, body: earlier.body, evolvedFrom })
    }),
  )
}
