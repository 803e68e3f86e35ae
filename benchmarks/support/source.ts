import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { sampleNewsroom } from '../../src/app.ts'

/** The articles to measure on: those that were named, else the real ones of `$ONWARD_DATA`, else the sample newsroom. */
export function articleSource(named: string | undefined): string {
  if (named !== undefined) return named
  const real = join(process.env.ONWARD_DATA ?? '', 'reuters21578.jsonl.gz')
  return process.env.ONWARD_DATA && existsSync(real) ? real : sampleNewsroom
}

/** `onward ingest`, in a process of its own: what it needs in memory is not the load generator's. What it says goes to standard error. */
export async function ingestInto(
  folder: string,
  source: string,
  store = `sqlite:${join(folder, 'onward.db')}`,
): Promise<{ store: string }> {
  const bin = join(import.meta.dirname, '..', '..', 'bin', 'onward.js')
  const flags = ['--store', store, '--rejects', join(folder, 'rejects.jsonl')]
  const ingest = spawn(process.execPath, [bin, 'ingest', source, ...flags], { stdio: ['ignore', 2, 2] })
  const [code] = await once(ingest, 'exit')
  if (code !== 0) throw new Error(`onward ingest ended with ${code}; what was wrong is above.`)
  return { store }
}

/** A store to measure on: the one that is named, else `data` (see {@link articleSource}) ingested into one in `folder`. */
export async function storeToMeasure(
  named: { readonly store?: string | undefined; readonly data?: string | undefined },
  folder: string,
): Promise<string> {
  return named.store ?? (await ingestInto(folder, articleSource(named.data))).store
}
