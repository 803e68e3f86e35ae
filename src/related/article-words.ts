import { type Signature, signatureOf } from './near-identical.ts'
import type { RelatedDocument } from './related.ts'
import type { Vocabulary, WordReader } from './vocabulary.ts'
import { eachWord } from './words.ts'

/**
 * An article's words as numbers, from which an epoch weighs it, and no text.
 *
 * Tags are not read: they cost 0.4 points of precision on reuters21578, where most are countries.
 */
export interface ArticleWords {
  /** Writings in the order of the text, headline first: `writing << 1`, plus 1 where it stands inside a sentence. */
  readonly writings: Int32Array
  /** Where the headline and the lead end in `writings`. */
  readonly headlineEnd: number
  readonly leadEnd: number
  readonly signature: Signature
  /** What it was read by, which knows the word of each writing in the article's language. */
  readonly reader: WordReader
  /** The primary subtag of its language. */
  readonly language: string | null
}

/**
 * How much of a text is read, in words: what work an article can cause is bounded by this.
 * News is 80 to 400 words at the median and says its subject at the start.
 */
export const wordsReadMax = 1500

/** The words after the headline that count as the lead: about the first two paragraphs of an agency report. */
const leadWords = 50

const scratch = new Int32Array(wordsReadMax)

export function readArticleWords(document: RelatedDocument, vocabulary: Vocabulary): ArticleWords {
  const language = primaryLanguage(document.language)
  const reader = vocabulary.reader(language)
  let count = 0
  // A capital in a headline is the headline's style, so it never counts as evidence of how a word is written.
  let isHeadline = true
  const read = (source: string, start: number, end: number, insideSentence: boolean) => {
    scratch[count++] = (reader.writing(source, start, end) << 1) | (insideSentence && !isHeadline ? 1 : 0)
    return count < wordsReadMax
  }
  eachWord(start(document.title), read)
  const headlineEnd = count
  isHeadline = false
  // Many feeds give the first words of the body as the standfirst; said twice is not meant twice.
  if (count < wordsReadMax && !document.body.startsWith(document.standfirst)) eachWord(start(document.standfirst), read)
  if (count < wordsReadMax) eachWord(start(document.body), read)
  const writings = scratch.slice(0, count)
  return {
    writings,
    headlineEnd,
    leadEnd: Math.min(count, headlineEnd + leadWords),
    signature: signatureOf(writings, vocabulary),
    reader,
    language,
  }
}

/** What counts as one language: `pt-BR` gives `pt`, `eng` gives `en`, `nb` and `nn` give `no`. */
export function primaryLanguage(language: string | null): string | null {
  if (language === null) return null
  const known = primaries.get(language)
  if (known !== undefined) return known
  const primary = canonicalPrimary(language)
  // There are a few hundred languages; senders may write what they like.
  if (primaries.size < 1000) primaries.set(language, primary)
  return primary
}

function canonicalPrimary(language: string): string | null {
  const primary = language.toLowerCase().split(/[-_]/u)[0] || null
  if (primary === null) return null
  try {
    const [canonical = primary] = Intl.getCanonicalLocales(primary)
    return norwegian.has(canonical) ? 'no' : canonical
  } catch {
    return primary
  }
}

const primaries = new Map<string, string | null>()

/** Two ways to write one language, which detection and feeds do not tell apart. */
const norwegian: ReadonlySet<string> = new Set(['nb', 'nn'])

// Twelve characters a word are more than any language needs on average: the rest would be read and thrown away.
function start(text: string): string {
  return text.length > wordsReadMax * 12 ? text.slice(0, wordsReadMax * 12) : text
}
