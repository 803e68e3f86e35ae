import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { type Clock, systemClock } from '../../src/concurrency/clock.ts'
import { detectLanguage } from '../../src/ingest/detect-language.ts'
import { Preparer } from '../../src/ingest/preparer.ts'

describe('Preparer', () => {
  const preparer = new Preparer()
  after(() => preparer.close())

  it('sanitises HTML, makes text of it, and keeps only the sanitised', async () => {
    const [result] = await preparer.prepareRecords([
      {
        id: 'a',
        title: 'T',
        url: 'https://a.example/1',
        bodyHtml: '<p onclick="x()">One <a href="/2">two</a>.</p><script>x()</script><p>Three.</p>',
      },
    ])
    assert.ok(result?.ok)
    assert.equal(
      result.prepared.input.bodyHtml,
      '<p>One <a href="https://a.example/2" rel="noopener">two</a>.</p><p>Three.</p>',
    )
    assert.equal(result.prepared.input.body, 'One two.\n\nThree.')
  })

  it('rejects an article of which sanitising leaves nothing', async () => {
    const [result] = await preparer.prepareRecords([{ id: 'a', bodyHtml: '<script>x()</script>' }])
    assert.equal(result?.ok, false)
  })

  it('gives its results in the order of the records', async () => {
    const results = await preparer.prepareRecords([{ id: 'a', title: 'A' }, 7, { id: 'b', title: 'B' }])
    assert.deepEqual(
      results.map((result) => (result.ok ? result.prepared.input.id : 'rejected')),
      ['a', 'rejected', 'b'],
    )
  })

  it('rejects a line that is not JSON and takes the others', async () => {
    const results = await preparer.prepareLines(['{"id":"a","title":"A"}', '{"id":', '{"id":"b","title":"B"}'])
    assert.deepEqual(
      results.map(({ ok }) => ok),
      [true, false, true],
    )
  })

  it('has the same fingerprint for the same input, and does not put the guessed language into it', async () => {
    const body = 'The ferry left the harbour in the morning and came back with nobody on board, the police said.'
    const [guessed] = await preparer.prepareRecords([{ id: 'a', title: 'x', body }])
    const [again] = await preparer.prepareRecords([{ body, title: 'x', id: 'a', tags: [], status: 'published' }])
    const [said] = await preparer.prepareRecords([{ id: 'a', title: 'x', body, language: 'en' }])
    assert.ok(guessed?.ok && again?.ok && said?.ok)
    assert.equal(guessed.prepared.input.language, 'en')
    assert.equal(guessed.prepared.fingerprint, again.prepared.fingerprint)
    assert.notEqual(guessed.prepared.fingerprint, said.prepared.fingerprint)
  })

  it('reads a document and prepares what is in it', async () => {
    const feed =
      '<rss version="2.0"><channel><title>Feed</title><item><guid>1</guid><title>One</title></item><item/></channel></rss>'
    const document = await preparer.prepareDocument(Buffer.from(feed), { source: 'feed.xml' })
    assert.equal(document.format, 'RSS')
    assert.equal(document.feedTitle, 'Feed')
    assert.equal(document.results.filter(({ ok }) => ok).length, 1)
  })

  it('says in words why a document gives nothing', async () => {
    await assert.rejects(preparer.prepareDocument(Buffer.from('hello'), { source: 'a.txt' }), {
      code: 'SOURCE_UNREADABLE',
      message: /a\.txt is neither XML nor JSON/,
    })
  })

  it('gives up the one record that takes too long, and prepares the rest of its batch', async () => {
    // The deadline ends the batch, then the first record alone; the second is given its time.
    const clock = clockWhoseDeadlinesEnd([true, true, false])
    await using strict = new Preparer({ clock, deadlineMs: 1234 })
    const results = await strict.prepareRecords([
      { id: 'slow', title: 'x' },
      { id: 'good', title: 'x' },
    ])
    assert.deepEqual(
      results.map(({ ok }) => ok),
      [false, true],
    )
    assert.match(JSON.stringify(results[0]), /"id":"slow".*could not be prepared within 1234 ms/)
  })

  it('gives up a document that takes too long to parse, and goes on with the next', async () => {
    await using strict = new Preparer({ clock: clockWhoseDeadlinesEnd([true, false, false]) })
    await assert.rejects(
      strict.prepareDocument(Buffer.from('[{"id":"a"}]'), { source: 'slow.json' }),
      /slow\.json could not be read within/,
    )
    const next = await strict.prepareDocument(Buffer.from('[{"id":"a","title":"A"}]'), { source: 'next.json' })
    assert.equal(next.results[0]?.ok, true)
  })

  it('stops with the reason of the signal, and goes on with the next job', async () => {
    const stop = new AbortController()
    const stopped = preparer.prepareRecords([{ id: 'a', title: 'x' }], { signal: stop.signal })
    stop.abort(new Error('the editor left'))
    await assert.rejects(stopped, /the editor left/)
    assert.equal((await preparer.prepareRecords([{ id: 'a', title: 'x' }]))[0]?.ok, true)
  })

  it('finishes what it was asked before it closes, and refuses what comes after', async () => {
    const closing = new Preparer()
    const asked = closing.prepareRecords([{ id: 'a', title: 'x' }])
    await Promise.all([asked, closing.close()])
    assert.equal((await asked)[0]?.ok, true)
    await assert.rejects(closing.prepareRecords([{ id: 'a', title: 'x' }]), { code: 'THREAD_CLOSED' })
  })
})

describe('detectLanguage', () => {
  for (const [language, text] of [
    ['en', 'The minister said on Monday that the harbour would stay closed until the ferry had been towed away.'],
    ['de', 'Der Minister sagte am Montag, der Hafen bleibe geschlossen, bis die Fähre abgeschleppt worden sei.'],
    ['fr', 'Le ministre a déclaré lundi que le port resterait fermé jusqu’à ce que le ferry soit remorqué.'],
    ['es', 'El ministro dijo el lunes que el puerto permanecería cerrado hasta que el ferry fuera remolcado.'],
  ] as const) {
    it(`hears ${language}`, () => assert.equal(detectLanguage('', text), language))
  }

  it('does not guess from a few words', () => assert.equal(detectLanguage('Rain', 'It rained.'), undefined))

  it('does not guess from figures', () => {
    assert.equal(
      detectLanguage(
        'ACME CORP 4TH QTR NET',
        'Shr 1.20 dlrs vs 1.10 dlrs\n\nNet 10.3 mln vs 9.7 mln\n\nRevs 120.4 mln vs 98.1 mln',
      ),
      undefined,
    )
  })
})

/** A clock on which the n-th deadline ends at once when `ends[n]` is true, and never otherwise. */
function clockWhoseDeadlinesEnd(ends: boolean[]): Clock {
  return {
    ...systemClock,
    after: (_, callback) => {
      if (ends.shift()) queueMicrotask(callback)
      return () => {}
    },
  }
}
