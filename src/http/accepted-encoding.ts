/** The encodings that an answer can be had in. */
export type Encoding = 'br' | 'gzip' | 'identity'

/**
 * The encoding to send for an `Accept-Encoding` header (RFC 9110, 12.5.3): of those that the reader takes, the one that
 * it likes best, and of two that it likes as well the smaller, brotli before gzip before none.
 *
 * What is refused by `identity;q=0` is sent all the same where nothing else is left: some answer is better than 406.
 */
export function acceptedEncoding(header: string | undefined): Encoding {
  if (header === undefined) return 'identity'
  const known = remembered.get(header)
  if (known !== undefined) return known
  const encoding = chosen(header)
  // Browsers send a handful of different ones; whoever sends thousands is not worth remembering.
  if (remembered.size < rememberedMax) remembered.set(header, encoding)
  return encoding
}

const remembered = new Map<string, Encoding>()
const rememberedMax = 200
const smallestFirst: readonly Encoding[] = ['br', 'gzip', 'identity']

function chosen(header: string): Encoding {
  const weights = new Map<string, number>()
  for (const part of header.toLowerCase().split(',').slice(0, partsMax)) {
    const [name = '', ...parameters] = part.split(';').map((word) => word.trim())
    const weight = parameters.map((parameter) => /^q\s*=\s*([01](?:\.\d{0,3})?)$/.exec(parameter)?.[1]).find(Boolean)
    weights.set(name === 'x-gzip' ? 'gzip' : name, weight === undefined ? 1 : Number(weight))
  }
  // Identity is taken unless it is refused, and liked least where it is not named.
  const weightOf = (encoding: Encoding) =>
    weights.get(encoding) ?? weights.get('*') ?? (encoding === 'identity' ? leastWeight : 0)
  let best: Encoding = 'identity'
  let bestWeight = 0
  for (const encoding of smallestFirst) {
    const weight = weightOf(encoding)
    if (weight > bestWeight) [best, bestWeight] = [encoding, weight]
  }
  return best
}

const partsMax = 20
const leastWeight = 0.0001
