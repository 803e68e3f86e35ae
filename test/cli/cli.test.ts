import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { addressIn, onward, outputsOf, sample, start } from './run-onward.ts'

// The command line as its user has it: a process, its two outputs, its exit code.
describe('onward', { timeout: 120_000, concurrency: 2 }, () => {
  it('teaches when it is asked for help, and loads nothing for it', async () => {
    const { code, out } = await onward(['--help'])
    assert.equal(code, 0)
    assert.match(out, /onward serve --sample/)
    assert.match(out, /onward related articles\.jsonl --id 42/)
    for (const name of ['serve', 'ingest', 'takedown', 'related', 'evaluate', 'report', 'generate']) {
      const help = await onward(['help', name])
      assert.equal(help.code, 0)
      assert.match(help.out, new RegExp(`Usage: onward ${name}`))
    }
  })

  it('lists the environment variables, asked for as a command or as help', async () => {
    for (const given of [['options'], ['help', 'options'], ['options', '--help']]) {
      const { code, out } = await onward(given)
      assert.equal(code, 0)
      assert.match(out, /ONWARD_STORE\n/, `onward ${given.join(' ')}`)
    }
  })

  it('says what is wrong with a command line, and exits with 2', async () => {
    for (const [given, expected] of [
      [['serv'], /unknown command 'serv'.*Did you mean serve/s],
      [['serve', '--port', 'http'], /The option port is "http"; expected a whole number from 0 to 65535/],
      [['serve', '--store', 'oracle:news'], /A store of the kind "oracle" is not known/],
      [['serve', '--rehearse', 'rail=sulk'], /what goes wrong is fail, hang, down, or slow:MILLISECONDS/],
      [['ingest'], /missing required argument 'source'/],
      [['ingest', sample, '--every', 'soon'], /such as 90s, 5m or 1h/],
      [['related', sample], /--id ID for one, or --all/],
      [['related', sample, '--id', 'nobody'], /no article with the id "nobody" among the 91/],
      [['related', sample, '--all', '--limit', '25'], /a rail has at most 20 articles/],
    ] as Array<[string[], RegExp]>) {
      const { code, err } = await onward(given)
      assert.equal(code, 2, `onward ${given.join(' ')} exits with ${code}: ${err}`)
      assert.match(err, expected)
      assert.doesNotMatch(err, /\n\s+at /, 'a stack trace is no help to its reader')
    }
  })

  it('says that a file is not there, and exits with 1', async () => {
    await using folder = await temporaryFolder()
    const { code, err } = await onward(['ingest', 'nowhere.jsonl'], folder)
    assert.equal(code, 1)
    assert.match(err, /nowhere\.jsonl/)
    assert.doesNotMatch(err, /\n\s+at /)
  })
})

describe('onward ingest', { timeout: 120_000, concurrency: 2 }, () => {
  it('stores a file and its rails; the same file again changes nothing', async () => {
    await using folder = await temporaryFolder()
    const first = await onward(['ingest', sample], folder)
    assert.equal(first.code, 0)
    assert.match(first.out, /91 records from 1 source: 91 new, 0 changed, 0 unchanged, 0 rejected/)
    assert.match(first.out, /Rails are up to date/)
    assert.match(first.out, /Peak memory \d+ MiB/)
    const second = await onward(['ingest', sample], folder)
    assert.match(second.out, /0 new, 0 changed, 91 unchanged, 0 rejected/)
  })

  it('writes rejected records with their line and reasons to a file, and stores the rest', async () => {
    await using folder = await temporaryFolder()
    const source = folder.file('mixed.jsonl.gz')
    await writeFile(
      source,
      gzipSync(
        [
          '{"id":"1","title":"Good","body":"An article that is fine."}',
          '{"id":"2"}',
          '{"id":"3","title":"Broken',
          '{"id":"4","title":"Bad time","publishedAt":"yesterday"}',
          '{"id":"5","title":"Good too","body":"Another one."}',
        ].join('\n'),
      ),
    )
    const { code, out, err } = await onward(['ingest', source, '--rejects', folder.file('rejects.jsonl')], folder)
    assert.equal(code, 0)
    assert.match(out, /5 records from 1 source: 2 new, 0 changed, 0 unchanged, 3 rejected/)
    assert.match(err, /line 2: title/)
    assert.match(err, /All rejected records with their reasons are in .*rejects\.jsonl/)
    const lines = (await readFile(folder.file('rejects.jsonl'), 'utf8')).trim().split('\n')
    const rejects = lines.map((line) => JSON.parse(line) as { line: number; reasons: string[] })
    assert.deepEqual(
      rejects.map(({ line }) => line),
      [2, 3, 4],
    )
    for (const { reasons } of rejects) assert.ok(reasons.length > 0 && reasons.every((reason) => reason.length > 10))
  })

  it('checks everything and stores nothing in a dry run', async () => {
    await using folder = await temporaryFolder()
    const { code, out } = await onward(['ingest', sample, '--dry-run'], folder)
    assert.equal(code, 0)
    assert.match(out, /91 fit to be stored, 0 rejected/)
    await assert.rejects(readFile(folder.file('onward.db')), { code: 'ENOENT' })
  })
})

describe('onward related', { timeout: 120_000, concurrency: 2 }, () => {
  it('prints a line of JSON for each article', async () => {
    const { code, out, err } = await onward(['related', sample, '--all', '--format', 'jsonl'])
    assert.equal(code, 0)
    const rows = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { id: string; related: Array<{ id: string; score: number }> })
    assert.equal(rows.length, 91)
    assert.equal(new Set(rows.map(({ id }) => id)).size, 91)
    for (const { id, related } of rows) {
      assert.ok(related.length <= 10)
      assert.ok(related.every((item) => item.id !== id && item.score > 0 && item.score <= 1))
      const scores = related.map(({ score }) => score)
      assert.deepEqual(
        scores,
        scores.toSorted((a, b) => b - a),
      )
    }
    assert.match(err, /91 articles: \d+ a second in the index/)
  })

  it('says why, and reads a store as it reads a file', async () => {
    await using folder = await temporaryFolder()
    await onward(['ingest', sample], folder)
    const fromStore = await onward(['related', 'sqlite:onward.db', '--id', '1', '--explain'], folder)
    const fromFile = await onward(['related', sample, '--id', '1', '--explain'])
    assert.equal(fromStore.code, 0)
    assert.match(fromFile.out, /Same (story|topic): \S/)
    assert.equal(fromStore.out, fromFile.out)
  })
})

describe('onward serve', { timeout: 120_000 }, () => {
  it('loads the sample into an empty store, serves it, and stops when it is told to', async () => {
    await using folder = await temporaryFolder()
    const child = start(['serve', '--sample', '--port', '0'], folder)
    const done = outputsOf(child)
    const url = await addressIn(child)
    const page = await fetch(new URL('/articles/1', url))
    assert.equal(page.status, 200)
    assert.match(await page.text(), /Great Tamsin.*<\/article>.*data-related-state="fresh"/s)
    const { article, relatedArticles } = (await (await fetch(new URL('/v1/articles/1', url))).json()) as {
      article: { id: string }
      relatedArticles: unknown[]
    }
    assert.equal(article.id, '1')
    assert.ok(relatedArticles.length > 0)
    child.kill('SIGTERM')
    assert.equal((await done).code, 0)
  })

  it('shouts that an outage is rehearsed, and serves the article through it', async () => {
    await using folder = await temporaryFolder()
    const child = start(['serve', '--sample', '--port', '0', '--rehearse', 'rail=hang'], folder)
    const done = outputsOf(child)
    const url = await addressIn(child)
    const { related } = (await (await fetch(new URL('/v1/articles/1', url))).json()) as { related: { state: string } }
    assert.notEqual(related.state, 'fresh')
    child.kill('SIGTERM')
    assert.match((await done).err, /REHEARSAL: rail=hang/)
  })

  it('starts and loads the sample although it rehearses that its store is down', async () => {
    await using folder = await temporaryFolder()
    const child = start(['serve', '--sample', '--port', '0', '--rehearse', 'store=down'], folder)
    const done = outputsOf(child)
    const url = await addressIn(child)
    assert.equal((await fetch(new URL('/v1/articles/1', url))).status, 503)
    child.kill('SIGTERM')
    const { code, err } = await done
    assert.equal(code, 0)
    assert.match(err, /onward serves 91 articles/)
  })

  it('says that its port is taken, and how to name another', async () => {
    await using folder = await temporaryFolder()
    const other = createServer()
    await once(other.listen(0, '127.0.0.1'), 'listening')
    try {
      const { port } = other.address() as AddressInfo
      const { code, err } = await onward(['serve', '--port', String(port)], folder)
      assert.equal(code, 2)
      assert.match(err, new RegExp(`The port ${port} is in use by another program.*--port`))
    } finally {
      other.close()
    }
  })
})
