import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { onward, sample } from './run-onward.ts'

describe('onward evaluate', { timeout: 120_000, concurrency: 2 }, () => {
  it('measures the rails against the stories of the data, next to the baselines', async () => {
    const { code, out } = await onward(['evaluate', sample])
    assert.equal(code, 0)
    assert.match(out, /91 articles counted/)
    assert.match(out, /recall@5 +mrr +hit@1 +ndcg@5/)
    for (const name of ['onward', 'BM25 more-like-this', 'newest in section']) {
      assert.match(out, new RegExp(`^${name} +0\\.\\d{3} \\[0\\.\\d\\d, [01]\\.\\d\\d\\]`, 'm'))
    }
    assert.match(out, /^By section, recall@5/m)
  })

  it('gives the same figures as JSON, of a file and of a store', async () => {
    await using folder = await temporaryFolder()
    await onward(['ingest', sample], folder)
    const file = await onward(['evaluate', sample, '--format', 'json'], folder)
    const stored = await onward(['evaluate', 'sqlite:onward.db', '--format', 'json', '--against', 'story'], folder)
    const figuresIn = (out: string) => {
      const { evaluations } = JSON.parse(out) as {
        evaluations: Array<{
          truth: string
          rankers: Array<{ ranker: string; figures: Record<string, { value: number }> }>
        }>
      }
      const [story] = evaluations
      assert.equal(story?.truth, 'story')
      const [ours] = story.rankers
      return Object.entries(ours?.figures ?? {}).map(([name, { value }]) => `${name} ${value.toFixed(9)}`)
    }
    assert.equal(figuresIn(file.out).length, 5)
    assert.deepEqual(figuresIn(file.out), figuresIn(stored.out))
  })

  it('writes a page with the worst misses and why they are not there', async () => {
    await using folder = await temporaryFolder()
    const { code, err } = await onward(['evaluate', sample, '--html', 'misses.html', '--misses', '3'], folder)
    assert.equal(code, 0)
    assert.match(err, /The page with the worst misses is misses\.html/)
    const page = await readFile(folder.file('misses.html'), 'utf8')
    assert.match(page, /^<!doctype html>[\s\S]*<\/html>\n$/)
    assert.equal(page.match(/Not there, and should be/g)?.length, 3)
  })

  it('says what is missing when the data does not say what belongs together', async () => {
    await using folder = await temporaryFolder()
    await writeFile(folder.file('plain.jsonl'), '{"id":"1","title":"One"}\n{"id":"2","title":"Two"}\n')
    const none = await onward(['evaluate', 'plain.jsonl'], folder)
    assert.equal(none.code, 1)
    assert.match(none.err, /no two have any of story, related.*Give articles a "story"/s)
    assert.equal(none.out, '')
    const other = await onward(['evaluate', sample, '--against', 'labels'], folder)
    assert.equal(other.code, 1)
    assert.match(other.err, /The data has story, related, section, tags/)
  })

  it('refuses what it cannot take, and exits with 2', async () => {
    await using folder = await temporaryFolder()
    for (const [given, expected] of [
      [['--against', 'mood'], /Allowed choices are story, related, labels, section, tags/],
      [['--seed', '-1'], /Expected a whole number/],
      [['--html', folder.file('no', 'such', 'folder.html')], /--html .* cannot be written/],
    ] as Array<[string[], RegExp]>) {
      const { code, err } = await onward(['evaluate', sample, ...given], folder)
      assert.equal(code, 2, err)
      assert.match(err, expected)
    }
  })
})
