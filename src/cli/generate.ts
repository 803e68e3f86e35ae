import { createWriteStream } from 'node:fs'
import { Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { SourceError } from '../errors.ts'
import { type GenerateOptions, generateArticles } from '../generate/generate-articles.ts'
import type { GenerateFlags } from './cli.ts'
import { openProgress, type Progress } from './progress.ts'

/**
 * Writes generated articles as JSON Lines, as fast as they are taken.
 *
 * @throws SourceError when the file cannot be written; what was written of it stays
 */
export async function generateCommand({ out, ...options }: GenerateFlags, signal: AbortSignal): Promise<void> {
  using progress = openProgress(process.stderr, 'generating', 'articles')
  const lines = Readable.from(jsonLines(options, progress), { objectMode: false, highWaterMark: chunkCharacters })
  if (out === undefined) {
    await pipeline(lines, process.stdout as Writable, { signal, end: false })
    return
  }
  try {
    const file = createWriteStream(out)
    await (out.endsWith('.gz') ? pipeline(lines, createGzip(), file, { signal }) : pipeline(lines, file, { signal }))
  } catch (error) {
    signal.throwIfAborted()
    throw new SourceError(out, `${out} cannot be written: ${error instanceof Error ? error.message : error}`)
  }
}

/** Many lines at a time: each chunk passes several streams, and is a promise or two in each. */
function* jsonLines(options: GenerateOptions, progress: Progress): Generator<string> {
  let chunk = ''
  let count = 0
  for (const article of generateArticles(options)) {
    chunk += `${JSON.stringify(article)}\n`
    count++
    if (chunk.length < chunkCharacters) continue
    progress.update({ count, share: count / options.articles })
    yield chunk
    chunk = ''
  }
  if (chunk !== '') yield chunk
}

const chunkCharacters = 64 * 1024
