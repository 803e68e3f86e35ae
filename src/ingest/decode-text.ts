/**
 * The text of a document in whatever encoding it came, or in words why it cannot be read.
 *
 * In this order: a byte order mark; UTF-16 and UTF-32 by their zero bytes; UTF-8 when the bytes are valid UTF-8 (hardly
 * anything else ever is, while declarations are often wrong: many servers transcode and leave the declaration); the
 * charset of HTTP; the XML declaration (RFC 7303 has these two in this order); Windows-1252 when nothing is declared and
 * the text looks Western.
 */
export function decodeText(bytes: Uint8Array, httpCharset?: string | undefined): DecodedText {
  const marked = byMark(bytes) ?? byZeroBytes(bytes)
  if (marked) return { ok: true, text: decodeAs(bytes, marked), encoding: marked }

  const head = latin1(bytes.subarray(0, 1024))
  const declared = /^[^<]*(?:<!--[\s\S]*?-->\s*)?<\?xml[^>]*\bencoding\s*=\s*["']\s*([\w.:-]+)/.exec(head)?.[1]
  const labels = [httpCharset, declared].filter((label) => label !== undefined)
  const named = labels.map(encodingOf).find((encoding) => encoding !== undefined)
  // ISO-2022-JP is written in bytes that are all valid UTF-8.
  if (named !== 'iso-2022-jp') {
    const utf8 = decodeStrictly(bytes, 'utf-8')
    if (utf8 !== null) return { ok: true, text: utf8, encoding: 'utf-8' }
  }
  // Declared UTF-8 with a few broken bytes: the broken characters are replaced, as browsers do.
  if (named !== undefined) return { ok: true, text: new TextDecoder(named).decode(bytes), encoding: named }
  if (foreignShare(bytes) > westernShareMax) {
    const declaredAs =
      labels.length > 0 ? `declares the encoding ${labels[0]}, which is not known` : 'names no encoding'
    return { ok: false, problem: `is not UTF-8 and ${declaredAs}; convert it to UTF-8, or declare its encoding` }
  }
  return { ok: true, text: new TextDecoder('windows-1252').decode(bytes), encoding: 'windows-1252' }
}

export type DecodedText =
  | { readonly ok: true; readonly text: string; readonly encoding: string }
  | { readonly ok: false; readonly problem: string }

/** The charset of a Content-Type, or undefined. */
export function charsetOf(contentType: string | undefined): string | undefined {
  return /;\s*charset\s*=\s*["']?\s*([\w.:-]+)/i.exec(contentType ?? '')?.[1]
}

// In French, the language with the most accents, 4% of the letters are beyond ASCII; in Cyrillic, Thai or Chinese text
// nearly all are. Read as Windows-1252 those would be stored as gibberish, so they are refused.
const westernShareMax = 0.12

function foreignShare(bytes: Uint8Array): number {
  // Markup is ASCII whatever the language: only what stands outside tags counts.
  const words = latin1(bytes.subarray(0, 20_000)).replace(/<!--[\s\S]*?-->|<[^>]*>/g, ' ')
  const letters = words.match(/[A-Za-z\u0080-\u00FF]/g) ?? []
  return letters.filter((letter) => letter > '\u007F').length / Math.max(1, letters.length)
}

function byMark(bytes: Uint8Array): string | undefined {
  const [a, b, c, d] = bytes
  if (a === 0xff && b === 0xfe && c === 0 && d === 0) return 'utf-32le'
  if (a === 0 && b === 0 && c === 0xfe && d === 0xff) return 'utf-32be'
  if (a === 0xff && b === 0xfe) return 'utf-16le'
  if (a === 0xfe && b === 0xff) return 'utf-16be'
  return a === 0xef && b === 0xbb && c === 0xbf ? 'utf-8' : undefined
}

// Of every format read here the first character is ASCII: where its zero bytes stand tells the width and the order.
function byZeroBytes(bytes: Uint8Array): string | undefined {
  if (bytes.length < 4) return undefined
  const zeros = [...bytes.subarray(0, 4)].map((byte) => (byte === 0 ? '0' : 'x')).join('')
  return ({ '000x': 'utf-32be', x000: 'utf-32le', '0x0x': 'utf-16be', x0x0: 'utf-16le' } as Record<string, string>)[
    zeros
  ]
}

function decodeAs(bytes: Uint8Array, encoding: string): string {
  if (!encoding.startsWith('utf-32')) return new TextDecoder(encoding).decode(bytes)
  // The WHATWG's encoding standard, and so TextDecoder, leaves UTF-32 out.
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength - (bytes.byteLength % 4))
  const parts: string[] = []
  for (let at = 0; at < view.byteLength; at += 4) {
    const point = view.getUint32(at, encoding === 'utf-32le')
    parts.push(point > 0x10ffff ? '\uFFFD' : String.fromCodePoint(point))
  }
  return parts.join('').replace(/^\uFEFF/, '')
}

function encodingOf(label: string): string | undefined {
  try {
    return new TextDecoder(label).encoding
  } catch {
    return undefined
  }
}

function decodeStrictly(bytes: Uint8Array, encoding: string): string | null {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes)
  } catch {
    return null
  }
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}
