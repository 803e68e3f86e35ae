import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { openStore } from '../../src/store/open-store.ts'

/** Lets a process publish into the store at `url`, kills it after 40 acknowledged articles, and looks for each of these. */
export async function keepsWhatWasAcknowledged(url: string, now: number): Promise<void> {
  const child = spawn(process.execPath, [publishUntilKilled, url], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const acknowledged: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    acknowledged.push(line)
    if (acknowledged.length === 40) child.kill('SIGKILL')
  }
  await exited
  assert.ok(acknowledged.length >= 40)
  await using store = await openStore(url)
  for (const id of acknowledged) assert.equal((await store.readArticle(id, { now })).state, 'found', id)
  const { articles, lastSeq } = await store.readStatus({ now })
  assert.equal(articles.visible, lastSeq)
}

const publishUntilKilled = fileURLToPath(new URL('./publish-until-killed.ts', import.meta.url))
