/**
 * One line of text: normalised (NFC), without control characters and lone surrogates, white space collapsed, trimmed.
 */
export function cleanLine(text: string): string {
  return withoutControls(text).normalize('NFC').replace(/\s+/g, ' ').trim()
}

/**
 * Text with paragraphs: as {@link cleanLine}, but line ends stay (as `\n`), and paragraphs are parted by one empty line.
 */
export function cleanText(text: string): string {
  return (
    withoutControls(text.replace(/\r\n?|\u2028/g, '\n').replaceAll('\u2029', '\n\n'))
      .normalize('NFC')
      .split('\n')
      // Not /\s+$/gm, which takes the square of the time on a long run of blanks inside a line.
      .map((line) => line.trimEnd())
      .join('\n')
      .replace(/\n{3,}/g, '\n\n')
      .trim()
  )
}

/** Markup for the sanitiser: normalised and without control characters, white space as it is. */
export function cleanMarkup(text: string): string {
  return withoutControls(text).normalize('NFC').trim()
}

/**
 * `text` cut at a word to at most `charactersMax` characters, with `…` where something was left out.
 */
export function cutAtWord(text: string, charactersMax: number): string {
  if (text.length <= charactersMax) return text
  const head = text.slice(0, charactersMax - 1)
  const space = head.search(/\s\S*$/)
  // A text without spaces (Chinese, a long address) is cut where it is, but not inside a surrogate pair.
  const cut = space > charactersMax / 2 ? head.slice(0, space) : head.replace(/[\uD800-\uDBFF]$/, '')
  return `${cut.trimEnd()}…`
}

function withoutControls(text: string): string {
  // The test is cheap and most text has none of these; U+0085 is one of the C1 range, not a line end.
  if (!unwanted.test(text)) return text
  return text.replace(c1, (character) => windows1252[character.charCodeAt(0) - 0x80] ?? '').replace(unwantedAll, '')
}

// NUL and the other controls but tab and line ends, byte order marks, non-characters, lone surrogates.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that are taken out
const unwanted = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F\uFEFF\uFFFE\uFFFF\p{Surrogate}]/u
const unwantedAll = new RegExp(unwanted.source, 'gu')

// Text that was read as Latin-1 but written on Windows has its quotes and dashes in the C1 range, where no real text
// has anything. `windows-1252` is what was meant: the WHATWG's encoding standard reads it so too.
const c1 = /[\u0080-\u009F]/g
const windows1252 = [...new TextDecoder('windows-1252').decode(Uint8Array.from({ length: 32 }, (_, i) => 0x80 + i))]
