import { constants, type Stats } from 'node:fs'
import { open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline, Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { SourceError } from '../errors.ts'
import { isBomb } from './fetch-feed.ts'

/** One file, address, standard input or table. */
export interface Source {
  /** As it was named, or found in a folder: what reports call it. */
  readonly name: string
  readonly kind: 'file' | 'stdin' | 'url' | 'table'
  /** As it lies on the disk; null when that is not known beforehand. */
  readonly bytes: number | null
}

/** What a source is made of: lines of JSON Lines as they come, or one document. */
export type SourcePart =
  | {
      readonly kind: 'lines'
      readonly lines: readonly SourceLine[]
      /** Lines that were skipped without being kept. */
      readonly skipped: ReadonlyArray<{ readonly line: number; readonly message: string }>
    }
  | { readonly kind: 'document'; readonly bytes: Uint8Array }

export interface SourceLine {
  /** From 1. */
  readonly line: number
  readonly text: string
}

export interface ReadLimits {
  /** The most bytes of a line; a longer one is skipped. Default 8 MB. */
  readonly lineBytesMax?: number
  /** The most bytes of a document, unpacked; default 64 MB. Files of JSON Lines have no such bound. */
  readonly documentBytesMax?: number
  /** How many times its size a packed file may unpack to, once it is large; default 250. */
  readonly ratioMax?: number
  /** How many lines make a part; default 250. */
  readonly linesPerPart?: number
}

/**
 * The files and addresses that `names` stand for: a folder for all files in it and below, in the order of their names,
 * without hidden ones; `-` for standard input. What is named twice is read once. Pipes, sockets and devices are refused.
 */
export async function findSources(
  names: readonly string[],
): Promise<{ readonly sources: readonly Source[]; readonly failed: readonly SourceError[] }> {
  const sources = new Map<string, Source>()
  const failed: SourceError[] = []
  for (const name of names) {
    try {
      for (const source of await sourcesOf(name)) sources.set(source.name, source)
    } catch (error) {
      failed.push(unreadable(name, error))
    }
  }
  return { sources: [...sources.values()], failed }
}

/**
 * Reads a file or standard input in parts, unpacking gzip; which format it is, is told by its first bytes and not by its
 * name alone.
 *
 * @param onBytes called with the number of bytes that were read from the disk, as they lie there
 * @throws SourceError when it cannot be read, or is a bomb; the reason of `signal`
 */
export async function* readSource(
  source: Source,
  options: ReadLimits & { readonly onBytes?: (bytes: number) => void; readonly signal?: AbortSignal | undefined } = {},
): AsyncGenerator<SourcePart> {
  const { signal } = options
  signal?.throwIfAborted()
  const stream = source.kind === 'stdin' ? process.stdin : await openFile(source.name)
  const onAbort = () =>
    stream.destroy(signal?.reason instanceof Error ? signal.reason : new Error('Reading was aborted.'))
  if (signal?.aborted) onAbort()
  signal?.addEventListener('abort', onAbort, { once: true })
  try {
    yield* readParts(stream, source.name, options)
  } catch (error) {
    signal?.throwIfAborted()
    throw unreadable(source.name, error)
  } finally {
    signal?.removeEventListener('abort', onAbort)
    stream.destroy()
  }
}

/** {@link readSource} for bytes that are there already, or come from somewhere else. */
export async function* readParts(
  stream: AsyncIterable<Uint8Array>,
  name: string,
  options: ReadLimits & { readonly onBytes?: (bytes: number) => void } = {},
): AsyncGenerator<SourcePart> {
  const limits = { ...defaultLimits, ...options }
  let encoded = 0
  const counted = mapChunks(stream, (chunk) => {
    encoded += chunk.length
    options.onBytes?.(chunk.length)
  })
  const packed = await Peekable.from(counted, (head) => head.length >= 2)
  const isGzip = packed.head[0] === 0x1f && packed.head[1] === 0x8b
  const chunks = isGzip ? unpacked(packed, { name, encoded: () => encoded, ratioMax: limits.ratioMax }) : packed

  const content = await Peekable.from(chunks, (head) => showsItsFormat(head, limits.lineBytesMax))
  if (content.head.length === 0) throw new SourceError(name, `${name} is empty.`)
  if (holdsLines(content.head, name)) yield* readLines(content, limits)
  else yield { kind: 'document', bytes: await readWhole(content, name, limits.documentBytesMax) }
}

const defaultLimits = {
  lineBytesMax: 8 * 1024 * 1024,
  documentBytesMax: 64 * 1024 * 1024,
  ratioMax: 250,
  linesPerPart: 250,
}

async function sourcesOf(name: string): Promise<Source[]> {
  if (name === '-') return [{ name, kind: 'stdin', bytes: null }]
  if (/^https?:\/\//i.test(name)) return [{ name, kind: 'url', bytes: null }]
  const found = await stat(name)
  if (!found.isDirectory()) {
    refuseUnlessFile(name, found)
    return [{ name, kind: 'file', bytes: found.size }]
  }
  const entries = await readdir(name, { withFileTypes: true })
  const visible = entries.filter((entry) => !entry.name.startsWith('.'))
  // Code units, not a locale: the same order on every machine.
  const inOrder = visible.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  const files: Source[] = []
  for (const entry of inOrder) {
    const path = join(name, entry.name)
    // A link to a folder can lead back up: only links to files are followed.
    if (entry.isDirectory()) files.push(...(await sourcesOf(path)))
    else if (entry.isFile() || entry.isSymbolicLink()) {
      const file = await stat(path).catch(() => null)
      if (file?.isFile()) files.push({ name: path, kind: 'file', bytes: file.size })
    }
  }
  return files
}

/** @throws SourceError when it cannot be read, or is no file */
async function openFile(name: string): Promise<Readable> {
  try {
    // Without O_NONBLOCK, open(2) of a pipe waits for a writer, in one of the few threads that Node has for files: nothing
    // can call it off, and the process cannot even exit. What was a file when it was found may be a pipe by now.
    const file = await open(name, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
    try {
      refuseUnlessFile(name, await file.stat())
      return file.createReadStream()
    } catch (error) {
      await file.close()
      throw error
    }
  } catch (error) {
    throw unreadable(name, error)
  }
}

function refuseUnlessFile(name: string, found: Stats): void {
  if (found.isFile()) return
  const what = found.isDirectory() ? 'folder' : found.isFIFO() ? 'pipe' : found.isSocket() ? 'socket' : 'device'
  const remedy = found.isDirectory() ? '' : ' Pipe what it gives to standard input, which is named "-": onward ingest -'
  throw new SourceError(name, `${name} is a ${what}, and no file.${remedy}`)
}

/** Chunks of which the first have been looked at: they are given again. */
class Peekable implements AsyncIterable<Uint8Array> {
  readonly head: Buffer
  readonly #rest: AsyncIterator<Uint8Array>

  private constructor(head: Buffer, rest: AsyncIterator<Uint8Array>) {
    this.head = head
    this.#rest = rest
  }

  static async from(chunks: AsyncIterable<Uint8Array>, enough: (head: Buffer) => boolean): Promise<Peekable> {
    const rest = chunks[Symbol.asyncIterator]()
    const seen: Uint8Array[] = []
    let head: Buffer = Buffer.alloc(0)
    for (let seenBytes = 0, checkedBytes = 0; ; ) {
      const next = await rest.next()
      if (next.done) break
      seen.push(next.value)
      seenBytes += next.value.length
      // Joined at doubling sizes only: a head of 8 MB in chunks of 64 kB would else be copied 128 times.
      if (checkedBytes > 0 && seenBytes < checkedBytes * 2 && !next.value.includes(newline)) continue
      head = Buffer.concat(seen)
      checkedBytes = seenBytes
      if (enough(head)) return new Peekable(head, rest)
    }
    return new Peekable(Buffer.concat(seen), rest)
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      if (this.head.length > 0) yield this.head
      for (;;) {
        const next = await this.#rest.next()
        if (next.done) return
        yield next.value
      }
    } finally {
      await this.#rest.return?.()
    }
  }
}

async function* mapChunks(
  chunks: AsyncIterable<Uint8Array>,
  look: (chunk: Uint8Array) => void,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    look(chunk)
    yield chunk
  }
}

async function* unpacked(
  packed: AsyncIterable<Uint8Array>,
  { name, encoded, ratioMax }: { name: string; encoded: () => number; ratioMax: number },
): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip()
  let decoded = 0
  // The callback takes the error that the loop below hears of too.
  pipeline(Readable.from(packed), gunzip, () => {})
  for await (const chunk of gunzip as AsyncIterable<Uint8Array>) {
    decoded += chunk.length
    if (isBomb({ decoded, encoded: encoded(), ratioMax })) {
      throw new SourceError(
        name,
        `${name} unpacks to more than ${ratioMax} times its size, as only a bomb does; it was not read.`,
      )
    }
    yield chunk
  }
}

const newline = 0x0a

/** True once the first line that says something is complete, and so is the first character after it. */
function showsItsFormat(head: Buffer, bytesMax: number): boolean {
  if (head.length > bytesMax) return true
  const start = contentStart(head)
  if (start === head.length) return false
  if (head[start] !== 0x7b) return true
  const end = head.indexOf(newline, start)
  return end !== -1 && contentStart(head.subarray(end)) < head.length - end
}

/**
 * JSON Lines or a document? A line that is a complete object with another line after it is JSON Lines; a name that ends in
 * `.jsonl` or `.ndjson` is believed unless the content is plainly something else.
 */
function holdsLines(head: Buffer, name: string): boolean {
  const namedSo = /\.(?:jsonl|ndjson)(?:\.gz)?$/i.test(name)
  const start = contentStart(head)
  const first = head[start]
  if (first !== 0x7b) return namedSo && first !== 0x3c && first !== 0x5b && !head.subarray(0, 64).includes(0)
  const end = head.indexOf(newline, start)
  if (end === -1) return namedSo
  const more = contentStart(head.subarray(end)) + end < head.length
  return namedSo || (more && isObject(head.toString('utf8', start, end)))
}

function contentStart(bytes: Uint8Array): number {
  let at = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0
  while (at < bytes.length && (bytes[at] === 0x20 || bytes[at] === 0x09 || bytes[at] === newline || bytes[at] === 0x0d))
    at++
  return at
}

function isObject(text: string): boolean {
  try {
    return typeof JSON.parse(text) === 'object'
  } catch {
    // One broken line among lines: a document that is printed over several lines never closes on its first.
    return text.length > 2 && text.trimEnd().endsWith('}')
  }
}

async function* readLines(
  chunks: AsyncIterable<Uint8Array>,
  { lineBytesMax, linesPerPart }: { lineBytesMax: number; linesPerPart: number },
): AsyncGenerator<SourcePart> {
  let lines: SourceLine[] = []
  let skipped: Array<{ line: number; message: string }> = []
  let bytesInPart = 0
  let number = 0
  let pieces: Uint8Array[] = []
  let length = 0

  const endLine = () => {
    number += 1
    if (length > lineBytesMax) {
      skipped.push({ line: number, message: `is ${length} bytes long; at most ${lineBytesMax} were expected` })
    } else if (length > 0) {
      const read = readUtf8(pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces))
      if (read === null) skipped.push({ line: number, message: 'is not valid UTF-8' })
      else if (read.trim() !== '') lines.push({ line: number, text: read })
    }
    bytesInPart += length
    pieces = []
    length = 0
  }
  const takePart = (): SourcePart => {
    const part: SourcePart = { kind: 'lines', lines, skipped }
    lines = []
    skipped = []
    bytesInPart = 0
    return part
  }

  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; ) {
      const end = chunk.indexOf(newline, at)
      const piece = chunk.subarray(at, end === -1 ? chunk.length : end)
      length += piece.length
      // The rest of a line that is too long is counted but not kept.
      if (length <= lineBytesMax) pieces.push(piece)
      if (end === -1) break
      endLine()
      at = end + 1
      if (lines.length + skipped.length >= linesPerPart || bytesInPart > partBytesMax) yield takePart()
    }
  }
  if (length > 0) endLine()
  if (lines.length + skipped.length > 0) yield takePart()
}

// Long articles make smaller parts, so that what is in flight stays in the tens of MB.
const partBytesMax = 2 * 1024 * 1024

const utf8 = new TextDecoder('utf-8', { fatal: true })

function readUtf8(bytes: Uint8Array): string | null {
  try {
    return utf8.decode(bytes)
  } catch {
    return null
  }
}

async function readWhole(chunks: AsyncIterable<Uint8Array>, name: string, bytesMax: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const chunk of chunks) {
    length += chunk.length
    if (length > bytesMax) {
      throw new SourceError(
        name,
        `${name} is larger than ${bytesMax} bytes; give large amounts as JSON Lines, which are streamed.`,
      )
    }
    parts.push(chunk)
  }
  return Buffer.concat(parts)
}

function unreadable(name: string, error: unknown): SourceError {
  if (error instanceof SourceError) return error
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const known: Record<string, string> = {
    ENOENT: 'does not exist',
    EACCES: 'may not be read by this user',
    EPERM: 'may not be read by this user',
    EISDIR: 'is a folder',
    Z_DATA_ERROR: 'is packed in a way that cannot be unpacked',
    Z_BUF_ERROR: 'ends in the middle of its packed data',
  }
  const why = known[code] ?? `could not be read: ${error instanceof Error ? error.message : String(error)}`
  return new SourceError(name, `${name} ${why}.`, { cause: error })
}
