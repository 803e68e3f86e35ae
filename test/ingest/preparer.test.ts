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

  it('warms up without a word, also when it is closed meanwhile or already', async () => {
    const own = new Preparer()
    const warming = own.warmUp()
    await own.close()
    await assert.doesNotReject(warming)
    await assert.doesNotReject(own.warmUp())
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
    // The deadline ends the batch in its first record; the second is given its time.
    const clock = clockWhoseDeadlinesEnd([true, false])
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

  it('loses no record of a batch to the one in its midst that takes too long', { timeout: 20_000 }, async () => {
    await using strict = new Preparer({ deadlineMs: 1200 })
    const results = await strict.prepareRecords([{ id: 'a', title: 'A' }, slow('b'), { id: 'c', title: 'C' }])
    assert.deepEqual(
      results.map(({ ok }) => ok),
      [true, false, true],
    )
  })

  it('rejects what is left of a batch whose budget is spent', async () => {
    await using strict = new Preparer({ clock: clockWhoseDeadlinesEnd([true]), batchBudgetMs: 0 })
    const results = await strict.prepareRecords([
      { id: 'slow', title: 'x' },
      { id: 'left', title: 'x' },
    ])
    assert.match(JSON.stringify(results[1]), /"id":"left".*the 0 ms that a batch has/)
  })

  it('rejects a record at once whose tags are nested absurdly deep', async () => {
    const [result] = await preparer.prepareRecords([{ id: 'a', title: 'x', bodyHtml: '<b>'.repeat(600_000) }])
    assert.match(JSON.stringify(result), /"path":"bodyHtml","message":"has tags more than 1000 deep/)
  })

  it('takes many paragraphs that nobody closed, which are not inside each other', async () => {
    const [result] = await preparer.prepareRecords([{ id: 'a', title: 'x', bodyHtml: '<p>One.<br>'.repeat(5000) }])
    assert.equal(result?.ok, true)
  })

  it('prepares a single record while a batch is stuck', { timeout: 20_000 }, async () => {
    await using busy = new Preparer()
    const stop = new AbortController()
    const ended: string[] = []
    const stuck = assert
      .rejects(busy.prepareRecords(slowBatch(), { signal: stop.signal }), /enough/)
      .finally(() => ended.push('batch'))
    const single = await busy.prepareOne('{"title":"x"}', { articleId: 'urgent' })
    ended.push('single')
    stop.abort(new Error('enough'))
    await stuck
    assert.equal(single.ok && single.prepared.input.id, 'urgent')
    assert.deepEqual(ended, ['single', 'batch'])
  })

  it('ends the work of an asker who has left, and does the next at once', { timeout: 8_000 }, async () => {
    await using busy = new Preparer()
    const stop = new AbortController()
    const left = busy.prepareRecords(slowBatch(), { signal: stop.signal })
    const next = busy.prepareRecords([{ id: 'c', title: 'C' }])
    setTimeout(() => stop.abort(new Error('the sender left')), 50)
    await assert.rejects(left, /the sender left/)
    assert.equal((await next)[0]?.ok, true)
  })

  it('closes in the middle of a batch that would take long', { timeout: 8_000 }, async () => {
    const busy = new Preparer()
    const refused = assert.rejects(busy.prepareRecords(slowBatch()), { code: 'THREAD_CLOSED' })
    await busy.close()
    await refused
  })

  it('rejects a record that is nested too deeply to be read, and takes those beside it', async () => {
    const deep = `${'['.repeat(5000)}${']'.repeat(5000)}`
    const [rejected, taken] = await preparer.prepareLines([
      `{"id":"a","title":"A","tags":${deep}}`,
      '{"id":"b","title":"B"}',
    ])
    assert.deepEqual([rejected?.ok, taken?.ok], [false, true])
    const parsed = { title: 'A', tags: JSON.parse(deep) as unknown }
    const single = await preparer.prepareOne(parsed, { articleId: 'a' })
    assert.equal(single.ok, false)
    const both = await preparer.prepareRecords([{ id: 'c', title: 'C' }, parsed, { id: 'd', title: 'D' }])
    assert.deepEqual(
      both.map(({ ok }) => ok),
      [true, false, true],
    )
  })

  for (const id of ['{"toString":1}', '["a"]', 'true', 'null', '"b"', '1.5', '7']) {
    it(`rejects a record under the id a that calls itself ${id}`, async () => {
      const result = await preparer.prepareOne(`{"id":${id},"title":"x"}`, { articleId: 'a' })
      assert.equal(result.ok ? 'taken' : result.problems[0]?.path, 'id')
    })
  }

  it('takes a record that leaves out its id, and one whose number it is', async () => {
    const without = await preparer.prepareOne('{"title":"x"}', { articleId: '7' })
    const number = await preparer.prepareOne({ id: 7, title: 'x' }, { articleId: '7' })
    assert.deepEqual([without.ok, number.ok], [true, true])
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
    // Its thread is up: to start one takes longer on a busy machine than a closing preparer waits.
    await closing.prepareRecords([{ id: 'a', title: 'x' }])
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

  for (const [language, text] of [
    ['zh', '市政府3月12日宣布，港口将继续关闭，直到渡轮被拖走为止。'],
    ['ja', '市長は3月12日、フェリーが曳航されるまで港を閉鎖すると発表した。'],
    ['ko', '시장은 3월 12일 여객선이 예인될 때까지 항구를 폐쇄한다고 밝혔다.'],
    ['th', 'นายกเทศมนตรีกล่าวเมื่อวันที่ 12 มีนาคมว่าท่าเรือจะปิดจนกว่าเรือจะถูกลากออกไป'],
  ] as const) {
    it(`knows ${language} by its script, from a short lead with a date in it`, () => {
      assert.equal(detectLanguage('', text), language)
      assert.equal(detectLanguage('', '', text), language)
    })
  }

  it('does not take an English text for Chinese because it quotes some', () => {
    const text =
      'The minister said on Monday that the sign 港口将继续关闭直到渡轮被拖走为止 means that the harbour stays closed today.'
    assert.equal(detectLanguage('', text), 'en')
  })

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

/** A record that takes the sanitiser two seconds: it looks through all open tags for each that closes none of them. */
function slow(id: string) {
  return { id, title: 'x', bodyHtml: `${'<b>'.repeat(990)}${'</p>'.repeat(490_000)}` }
}

/** A batch that takes as many seconds as it has records, or more. */
function slowBatch() {
  return Array.from({ length: 12 }, (_, index) => slow(String(index)))
}

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
