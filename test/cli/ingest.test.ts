import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it } from 'node:test'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { onward, outputsOf, saidBy, sample, start } from './run-onward.ts'

const good = '{"id":"1","title":"A ferry returns"}'
const alsoGood = '{"id":"3","title":"A bridge opens"}'
const bad = '{"id":"2"}'

describe('the rejects file of onward ingest', { timeout: 120_000, concurrency: 2 }, () => {
  it('is opened before anything is stored: a name that cannot be written is a wrong option', async () => {
    await using folder = await temporaryFolder()
    const { code, err } = await onward(['ingest', sample, '--rejects', folder.file('none', 'x.jsonl')], folder)
    assert.equal(code, 2)
    assert.match(err, /The rejects file .*x\.jsonl cannot be written: .*--rejects/)
    assert.doesNotMatch(err, /unexpected|\n\s+at /)
    assert.ok(!existsSync(folder.file('onward.db')))
  })

  it('does not cost the summary when its disk is full', { skip: noFullDisk() }, async () => {
    await using folder = await temporaryFolder()
    await writeFile(folder.file('a.jsonl'), `${good}\n${bad}\n`)
    const { code, out, err } = await onward(['ingest', 'a.jsonl', '--rejects', '/dev/full'], folder)
    assert.equal(code, 1)
    assert.match(out, /2 records from 1 source: 1 new, .* 1 rejected/)
    assert.match(out, /Rails are up to date/)
    assert.match(err, /line 2: title/)
    assert.match(err, /The rejects file \/dev\/full cannot be written/)
    assert.doesNotMatch(err, /unexpected|\n\s+at |All rejected records/)
  })

  it('keeps what an earlier run wrote when nobody named it, and tells the runs apart', async () => {
    await using folder = await temporaryFolder()
    await writeFile(folder.file('a.jsonl'), `${good}\n${bad}\n`)
    await writeFile(folder.file('b.jsonl'), `${bad}\n`)
    await onward(['ingest', 'a.jsonl'], folder)
    const { err } = await onward(['ingest', 'b.jsonl'], folder)
    const rejects = await rejectsIn(folder.file('onward-rejects.jsonl'))
    assert.deepEqual(
      rejects.map(({ source, line }) => [source, line]),
      [
        ['a.jsonl', 2],
        ['b.jsonl', 1],
      ],
    )
    const [first, second] = rejects
    assert.ok(first && second && first.run < second.run)
    assert.match(err, new RegExp(`added to onward-rejects\\.jsonl.*"run":"${second.run}"`))
  })

  it('holds the rejects of one run alone when it was named', async () => {
    await using folder = await temporaryFolder()
    await writeFile(folder.file('a.jsonl'), `${good}\n${bad}\n`)
    await writeFile(folder.file('b.jsonl'), `${good}\n`)
    await onward(['ingest', 'a.jsonl', '--rejects', 'mine.jsonl'], folder)
    assert.equal((await rejectsIn(folder.file('mine.jsonl'))).length, 1)
    await onward(['ingest', 'b.jsonl', '--rejects', 'mine.jsonl'], folder)
    assert.deepEqual(await rejectsIn(folder.file('mine.jsonl')), [])
  })
})

describe('onward ingest that is stopped', { timeout: 120_000, concurrency: 2 }, () => {
  it('says how much is stored, and goes on from there the next time', async () => {
    await using folder = await temporaryFolder()
    await using feed = await serve(() => {
      // Never answers: what was named before it is stored by the time that it is asked.
    })
    const given = ['ingest', sample, feed.url, '--concurrency', '1', '--allow-private-addresses']
    const child = start(given, folder)
    const done = outputsOf(child)
    await once(feed.server, 'request')
    child.kill('SIGINT')
    const { code, err } = await done
    assert.equal(code, 130)
    assert.match(err, /91 articles were stored before it stopped; the same command goes on from there/)
    assert.match((await onward(['ingest', sample], folder)).out, /0 new, 0 changed, 91 unchanged/)
  })
})

describe('onward ingest --every', { timeout: 120_000, concurrency: 2 }, () => {
  it('refuses to follow files before it has read any', async () => {
    await using folder = await temporaryFolder()
    const { code, out, err } = await onward(['ingest', sample, '--every', '1s'], folder)
    assert.deepEqual([code, out], [2, ''])
    assert.match(err, /--every follows addresses/)
    assert.ok(!existsSync(folder.file('onward.db')))
  })

  it('fetches an address once at the start, then asks whether it has changed, and tells what it rejects', async () => {
    await using folder = await temporaryFolder()
    const asked: Array<string | undefined> = []
    await using feed = await serve((request, response) => {
      const known = request.headers['if-none-match']
      asked.push(known)
      if (known === undefined) response.setHeader('etag', '"1"').end(`${good}\n${alsoGood}\n`)
      else if (known === '"1"') response.setHeader('etag', '"2"').end(`${good}\n${alsoGood}\n${bad}\n`)
      else response.writeHead(304).end()
    })
    const child = start(['ingest', feed.url, '--every', '1s', '--allow-private-addresses'], folder)
    const done = outputsOf(child)
    await saidBy(child, /line 3: title.*added to onward-rejects\.jsonl/s)
    child.kill('SIGINT')
    const { code, out } = await done
    assert.equal(code, 0)
    assert.deepEqual(asked.slice(0, 2), [undefined, '"1"'])
    assert.match(out, /2 records from 1 source: 2 new/)
    assert.match(out, /Rails are up to date.*Following 1 address every 1\.0 s.*3 records from 1 source: 0 new/s)
    assert.equal((await rejectsIn(folder.file('onward-rejects.jsonl'))).length, 1)
  })
})

async function rejectsIn(path: string) {
  const lines = (await readFile(path, 'utf8')).split('\n').filter((line) => line !== '')
  return lines.map((line) => JSON.parse(line) as { run: string; source: string; line: number })
}

async function serve(answer: RequestListener) {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    server,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/articles.jsonl`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function noFullDisk(): string | false {
  return existsSync('/dev/full') ? false : 'this system has no /dev/full'
}
