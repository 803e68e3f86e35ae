import { html } from 'ghtml'
import type { Figure } from './figures.ts'

/**
 * Words with figures among them, made by {@link say}.
 *
 * Kept apart until they are written, so that a page can carry the number behind each figure and a test can hold it
 * against report.json.
 */
export type Phrase = readonly (string | Figure)[]

/** As a tag: `` say`at ${rate(12)} a second` ``. Phrases within phrases are taken apart. */
export function say(words: readonly string[], ...values: readonly (string | Figure | Phrase)[]): Phrase {
  return words.flatMap((word, at): Phrase => {
    const value = values[at]
    if (value === undefined) return [word]
    return typeof value === 'string' || !isPhrase(value) ? [word, value] : [word, ...value]
  })
}

/** Phrases one after the other. */
export function join(phrases: readonly Phrase[], between: string): Phrase {
  return phrases.flatMap((phrase, at) => (at === 0 ? phrase : [between, ...phrase]))
}

/** As HTML: every figure is a `<data>` with the number that it was rounded from. */
export function asHtml(phrase: Phrase): string {
  return phrase
    .map((part) =>
      typeof part === 'string' ? html`${part}` : html`<data value="${String(part.value)}">${part.text}</data>`,
    )
    .join('')
}

/** As plain text, nothing escaped. */
export function asText(phrase: Phrase): string {
  return phrase.map((part) => (typeof part === 'string' ? part : part.text)).join('')
}

function isPhrase(value: Figure | Phrase): value is Phrase {
  return Array.isArray(value)
}
