import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { Agent, createServer, get } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { ArticleManager } from '../../src/article-manager.ts'
import type { TakedownReceipt } from '../../src/cli/takedown-receipt.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { addressIn, onward, outputsOf, start } from './run-onward.ts'

// A parent and two processes on one port, as their user has them.
const skip = process.platform !== 'linux' && 'the processes that a process has started are read from /proc'

/** Three processes that start on a busy machine. */
const patient = { timeoutMs: 120_000 }

describe('onward serve --workers', { timeout: 240_000 }, () => {
  it('replaces a worker that was killed, while the other serves; stopping leaves no process', { skip }, async () => {
    await using folder = await temporaryFolder()
    const child = start(['serve', '--sample', '--workers', '2', '--port', '0'], folder, patient)
    const done = outputsOf(child)
    const url = await addressIn(child)
    const before = await childrenOf(child)
    assert.equal(before.length, 2)
    await bothAt(url)
    assert.match((await answer(url, '/metrics')).body, /onward_articles_withdrawn_total\{worker="[12]"\} 0/)

    const [killed = 0] = before
    process.kill(killed, 'SIGKILL')
    while (isAlive(killed)) await pause(1)
    for (let reader = 0; reader < 20; reader++) {
      const { status, body } = await answer(url, '/articles/1')
      assert.equal(status, 200)
      assert.match(body, /Great Tamsin/)
    }
    await bothAt(url)
    const now = await childrenOf(child)
    assert.equal(now.length, 2)
    assert.ok(!now.includes(killed))

    child.kill('SIGTERM')
    const { code, err } = await done
    assert.equal(code, 0)
    assert.deepEqual(now.filter(isAlive), [])
    assert.equal(err.match(/http:\/\//g)?.length, 1, err)
    assert.equal(err.match(/loading the sample newsroom/g)?.length, 1, err)
    assert.match(err, /Worker \d was ended by SIGKILL; another is started in its place/)
  })

  it('is asked worker by worker whether a takedown has reached it', async () => {
    await using folder = await temporaryFolder()
    const store = `sqlite:${folder.file('news.db')}`
    const child = start(['serve', '--sample', '--workers', '2', '--port', '0', '--store', store], folder, patient)
    const done = outputsOf(child)
    const url = await addressIn(child)
    // In the memory of both, as like as not.
    await Promise.all(
      Array.from({ length: 20 }, async () => assert.equal((await answer(url, '/articles/1')).status, 200)),
    )
    const { code, out } = await onward(
      ['takedown', '1', '--verify', '--format', 'json', '--store', store, '--node', url],
      folder,
    )
    const { verified } = JSON.parse(out) as TakedownReceipt
    assert.equal(code, 0)
    assert.deepEqual(verified?.nodes[0]?.places.map(({ worker }) => worker).toSorted(), [1, 2])
    assert.equal((await answer(url, '/articles/1')).status, 410)
    child.kill('SIGINT')
    assert.equal((await done).code, 0)
  })

  it('ends with its workers when it is killed itself', { skip }, async () => {
    await using folder = await temporaryFolder()
    const child = start(['serve', '--sample', '--workers', '2', '--port', '0'], folder, patient)
    const done = outputsOf(child)
    await addressIn(child)
    const workers = await childrenOf(child)
    assert.equal(workers.length, 2)
    child.kill('SIGKILL')
    await done
    while (workers.some(isAlive)) await pause(10)
  })

  it('says once why its workers cannot start, and ends', async () => {
    await using folder = await temporaryFolder()
    await using other = createServer()
    await once(other.listen(0, '127.0.0.1'), 'listening')
    const { port } = other.address() as AddressInfo
    for (const [given, expected] of [
      [['--port', String(port)], /The port \d+ is in use by another program/g],
      [['--store', 'oracle:news'], /A store of the kind "oracle" is not known/g],
      [['--workers', 'many'], /The option workers is "many"; expected a whole number from 1 to 128/g],
    ] as Array<[string[], RegExp]>) {
      const { code, err } = await onward(['serve', '--workers', '3', ...given], folder, patient)
      assert.equal(code, 2, err)
      assert.equal(err.match(expected)?.length, 1, err)
      assert.doesNotMatch(err, /in its place|next try/)
    }
  })

  it('is not for a process that nobody started as a worker, nor for the library', async () => {
    const { code, err } = await onward(['serve', '--worker', '1'])
    assert.equal(code, 2)
    assert.match(err, /--worker is for processes that onward serve --workers starts itself/)
    await assert.rejects(ArticleManager.open({ workers: 2 }), /The option workers is for `onward serve` alone/)
  })
})

/** Over a connection of its own: which worker gets it is the port's business. */
async function answer(url: string, path: string): Promise<{ status: number; body: string }> {
  const [response] = await once(get(new URL(path, url), { agent: new Agent({ keepAlive: false }) }), 'response')
  let body = ''
  for await (const chunk of response) body += chunk
  return { status: response.statusCode, body }
}

/** Resolves once each of two workers has answered. */
async function bothAt(url: string): Promise<void> {
  const waiting = new Set(['1 of 2', '2 of 2'])
  while (waiting.size > 0) {
    const asked = await Promise.all(Array.from({ length: 4 }, () => answer(url, '/readyz')))
    for (const { body } of asked) {
      waiting.delete((JSON.parse(body) as { checks: { worker: { detail: string } } }).checks.worker.detail)
    }
  }
}

async function childrenOf({ pid }: ChildProcess): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return text.trim().split(/\s+/).filter(Boolean).map(Number)
}

/** One that is dead and that nobody has buried yet is dead all the same. */
function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}
