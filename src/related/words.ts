/**
 * Text to words, in any script.
 *
 * A word is a run of letters, marks and digits. Kept whole: `3.15`, `1,000`, `U.S.`, `don't`, `O'Brien`. Cut: the
 * English possessive (`Jacob's` gives `Jacob`) and the elided article (`l'homme` gives `homme`). Scripts that are
 * written without spaces go through the dictionary of `Intl.Segmenter`. Single characters of spaced scripts are noise
 * (list marks, table columns) and are left out, and so is anything longer than a word can be.
 *
 * `visit` gets where the word stands in the text that `eachWord` returns (the normalised one), and whether that is inside a
 * sentence: only there does a capital letter say anything about the word. It ends the reading by giving `false`.
 * No string is cut out of the text: most words are known already.
 */
export function eachWord(
  text: string,
  visit: (source: string, start: number, end: number, insideSentence: boolean) => boolean,
): void {
  const source = /^[\0-\x7f]*$/.test(text) ? text : text.normalize('NFKC')
  const end = source.length
  let inside = false
  let at = 0
  while (at < end) {
    const kind = kindAt(source, at)
    if (kind === unspaced) {
      const start = at
      while (at < end && (kindAt(source, at) === unspaced || kindAt(source, at) === mark)) at += widthAt(source, at)
      for (const { segment, index, isWordLike } of segmenter.segment(source.slice(start, at))) {
        if (isWordLike && !visit(source, start + index, start + index + segment.length, true)) return
      }
      inside = true
    } else if (isWordStart(kind)) {
      const start = at
      at = endOfWord(source, at)
      const isElided = kindAt(source, at) === apostrophe && isLetter(kindAt(source, at + 1))
      const wordEnd = endWithoutPossessive(source, start, at)
      const length = wordEnd - start
      if (!isElided && length > 1 && length <= longestWord && !visit(source, start, wordEnd, inside)) return
      inside = true
    } else {
      if (kind === sentenceEnd) inside = false
      at += widthAt(source, at)
    }
  }
}

/** What two writings of one word have in common: `Bahia`, `BAHIA` and `bahia` are one. */
export function wordKey(written: string): string {
  const lower = written.toLowerCase()
  const plain = lower.includes('’') ? lower.replaceAll('’', "'") : lower
  return plain.endsWith('.') ? plain.slice(0, -1) : plain
}

// German and Finnish compounds stay below this; what is longer is an address, a key or a table gone wrong.
const longestWord = 48

const other = 1
const lower = 2
const upper = 3
const digit = 4
const mark = 5
const unspaced = 6
const apostrophe = 7
const sentenceEnd = 8

const segmenter = new Intl.Segmenter('und', { granularity: 'word' })

function endOfWord(source: string, start: number): number {
  const initialism = endOfInitialism(source, start)
  if (initialism > 0) return initialism
  let at = start
  while (at < source.length) {
    const kind = kindAt(source, at)
    if (isWordStart(kind) || kind === mark) at += widthAt(source, at)
    else if (kind === apostrophe && isLetter(kindAt(source, at + 1))) {
      const elided = at - start <= 2 && kindAt(source, start) === lower && kindAt(source, at - 1) === lower
      if (elided) return at
      at++
    } else if (isNumberPoint(source, at) && kindAt(source, at - 1) === digit && kindAt(source, at + 1) === digit) at++
    else break
  }
  return at
}

/** The end of `U.S.` or `U.N` when one starts here, else 0. */
function endOfInitialism(source: string, start: number): number {
  let at = start
  let letters = 0
  while (kindAt(source, at) === upper && source[at + 1] === '.') {
    at += 2
    letters++
  }
  if (letters === 0) return 0
  const lastWithoutPoint = kindAt(source, at) === upper && !isWordStart(kindAt(source, at + 1))
  if (lastWithoutPoint) return at + 1
  // A single initial (`J. Smith`), or a word that follows without a space, is not an initialism.
  return letters > 1 && !isWordStart(kindAt(source, at)) ? at : 0
}

function endWithoutPossessive(source: string, start: number, end: number): number {
  const cut = end - 2
  if (cut <= start || kindAt(source, cut) !== apostrophe) return end
  const last = source.charCodeAt(cut + 1)
  return last === 0x73 || last === 0x53 ? cut : end
}

function isNumberPoint(source: string, at: number): boolean {
  const code = source.charCodeAt(at)
  return code === 0x2e || code === 0x2c
}

function isLetter(kind: number): boolean {
  return kind === lower || kind === upper
}

function isWordStart(kind: number): boolean {
  return kind === lower || kind === upper || kind === digit
}

function widthAt(source: string, at: number): number {
  const code = source.charCodeAt(at)
  return code >= 0xd800 && code <= 0xdbff && at + 1 < source.length ? 2 : 1
}

// Asking a Unicode property of every character costs more than all the rest of the analysis, so answers are kept.
const kinds = new Uint8Array(0x10000)

function kindAt(source: string, at: number): number {
  const code = source.charCodeAt(at)
  if (Number.isNaN(code)) return other
  if (code >= 0xd800 && code <= 0xdbff) return kindOf(String.fromCodePoint(source.codePointAt(at) ?? code))
  const known = kinds[code]!
  if (known !== 0) return known
  const kind = kindOf(source[at]!)
  kinds[code] = kind
  return kind
}

const unspacedScript =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}ー]/u

function kindOf(character: string): number {
  if (unspacedScript.test(character)) return unspaced
  if (/\p{Lu}|\p{Lt}/u.test(character)) return upper
  if (/\p{L}/u.test(character)) return lower
  if (/\p{N}/u.test(character)) return digit
  if (/\p{M}/u.test(character)) return mark
  if (character === "'" || character === '’') return apostrophe
  // A quotation or a new line starts a sentence as surely as a full stop ends one.
  if (/[.!?:;\n\r"“”„«»‘()[\]•*|]|\p{Sentence_Terminal}/u.test(character)) return sentenceEnd
  return other
}
