import { type Signature, signatureOf } from './near-identical.ts'
import type { RelatedDocument } from './related.ts'
import type { Vocabulary } from './vocabulary.ts'
import { eachWord } from './words.ts'

/**
 * An article as the index keeps it: its words as numbers, from which every epoch weighs it anew, and no text.
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
}

/**
 * How much of a text is read, in words: what work an article can cause is bounded by this.
 * News is 80 to 400 words at the median and says its subject at the start.
 */
export const wordsReadMax = 1500

/** The words after the headline that count as the lead: about the first two paragraphs of an agency report. */
const leadWords = 50

export function readArticleWords(document: RelatedDocument, vocabulary: Vocabulary): ArticleWords {
  const writings: number[] = []
  // A capital in a headline is the headline's style, so it never counts as evidence of how a word is written.
  const readHeadline = (written: string) => {
    if (writings.length < wordsReadMax) writings.push(vocabulary.writingId(written) << 1)
  }
  const readText = (written: string, insideSentence: boolean) => {
    if (writings.length < wordsReadMax) writings.push((vocabulary.writingId(written) << 1) | (insideSentence ? 1 : 0))
  }
  eachWord(start(document.title), readHeadline)
  const headlineEnd = writings.length
  // Many feeds give the first words of the body as the standfirst; said twice is not meant twice.
  if (!document.body.startsWith(document.standfirst)) eachWord(start(document.standfirst), readText)
  eachWord(start(document.body), readText)
  const numbers = Int32Array.from(writings)
  return {
    writings: numbers,
    headlineEnd,
    leadEnd: Math.min(numbers.length, headlineEnd + leadWords),
    signature: signatureOf(numbers, vocabulary),
  }
}

// Twelve characters a word are more than any language needs on average: the rest would be read and thrown away.
function start(text: string): string {
  return text.length > wordsReadMax * 12 ? text.slice(0, wordsReadMax * 12) : text
}
