import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { type Evaluation, evaluate } from '../../src/evaluate/evaluate.ts'
import { groundTruths, type KnownArticle } from '../../src/evaluate/ground-truth.ts'
import { worstMisses } from '../../src/evaluate/misses.ts'
import type { Ranker } from '../../src/evaluate/ranker.ts'
import { renderPage } from '../../src/evaluate/render-page.ts'
import { byId, known, rankerOf } from './articles.ts'

const day = 86_400_000
const articles = byId(
  known('a', { story: 's', section: 'World', publishedAtMs: 100 * day }),
  known('b', { story: 's', section: 'World', publishedAtMs: 99 * day }),
  known('c', { story: 's', section: 'World', publishedAtMs: 60 * day }),
  known('d', { story: 't', section: 'Sport', publishedAtMs: 100 * day, title: 'Cup <final> & "more"' }),
  known('e', { story: 't', section: 'Sport', publishedAtMs: 97 * day }),
)
const perfect = rankerOf('perfect', { a: ['b', 'c'], b: ['a', 'c'], c: ['a', 'b'], d: ['e'], e: ['d'] })
const half = rankerOf('half', { a: ['d', 'b', 'e', 'c'], b: ['a', 'c'], c: ['d', 'e'], d: ['a', 'b'], e: ['d'] })

suite('evaluation', () => {
  test('a perfect ranker has 1 everywhere, and a poor one what it deserves', () => {
    const evaluation = evaluated(articles, [perfect, half])
    assert.equal(evaluation.questions, 5)
    const [best, poor] = evaluation.rankers
    for (const metric of ['recall@5', 'mrr', 'hit@1', 'ndcg@5'] as const) {
      assert.deepEqual(best?.figures[metric], { value: 1, low: 1, high: 1 })
    }
    assert.equal(poor?.figures['recall@5']?.value, (1 + 1 + 0 + 0 + 1) / 5)
    assert.equal(poor?.figures.mrr?.value, (1 / 2 + 1 + 0 + 0 + 1) / 5)
    assert.equal(poor?.figures['hit@1']?.value, 2 / 5)
    const apart = evaluation.differences[0]?.figures['recall@5']
    assert.ok(apart && Math.abs(apart.value - 2 / 5) < 1e-12 && apart.low >= 0)
  })

  test('figures are told by section, the largest first, and by age, the newest first', () => {
    const { bySection, byAge } = evaluated(articles, [perfect])
    assert.deepEqual(
      bySection.map(({ group, questions }) => [group, questions]),
      [
        ['World', 3],
        ['Sport', 2],
      ],
    )
    assert.deepEqual(
      byAge.map(({ group, questions }) => [group, questions]),
      [
        ['a day at most', 3],
        ['a week at most', 1],
        ['a year at most', 1],
      ],
    )
  })

  test('label overlap is counted over all that is labelled, not as a mean of articles', () => {
    const labelled = byId(
      known('a', { labels: ['x'] }),
      known('b', { labels: ['x'] }),
      known('c', { labels: ['y', 'x'] }),
      known('d'),
    )
    const lists = rankerOf('lists', { a: ['b'], b: ['a', 'd'], c: ['a', 'b', 'd'] })
    const { rankers } = evaluated(labelled, [lists])
    assert.equal(rankers[0]?.figures['overlap@5']?.value, 1)
    assert.ok(Math.abs((rankers[0]?.figures['filled@5']?.value ?? 0) - (1 + 2 + 3) / 15) < 1e-12)
  })

  test('the same seed gives the same figures', () => {
    assert.deepEqual(evaluated(articles, [half, perfect]), evaluated(articles, [half, perfect]))
  })
})

suite('the worst misses', () => {
  const options = {
    atMost: 5,
    titleOf: (id: string) => articles.get(id)?.title ?? '',
    whyNot: () => 'Too far.',
    isRepeat: () => false,
  }

  test('come worst first, one for each story, with what stands there instead', () => {
    const misses = worstMisses(mates(), [half, perfect], options)
    assert.deepEqual(
      misses.map(({ id }) => id),
      ['c', 'd'],
    )
    const [first] = misses
    assert.deepEqual(
      first?.missed.map(({ id, why, foundBy }) => [id, why, foundBy]),
      [
        ['a', 'Too far.', ['perfect']],
        ['b', 'Too far.', ['perfect']],
      ],
    )
    assert.deepEqual(
      first?.shown.map(({ id, isMate }) => [id, isMate]),
      [
        ['d', false],
        ['e', false],
      ],
    )
  })

  test('do not hold a text against the rail that it shows already', () => {
    const misses = worstMisses(mates(), [half], { ...options, isRepeat: (id, missed) => id === 'c' && missed === 'a' })
    assert.deepEqual(
      misses.map(({ id, missed }) => [id, missed.map((mate) => mate.id)]),
      [
        ['c', ['b']],
        ['d', ['e']],
      ],
    )
  })

  test('a rail with all of its mates is none, whatever their order', () => {
    const late = rankerOf('late', { a: ['d', 'e', 'b', 'c'], b: ['a', 'c'], c: ['a', 'b'], d: ['e'], e: ['d'] })
    assert.deepEqual(worstMisses(mates(), [late], options), [])
  })

  test('stand on a page on which nothing of the data is markup', () => {
    const evaluation = evaluated(articles, [half, perfect])
    const page = renderPage({
      source: '<script>news</script>.jsonl',
      articles: 5,
      seed: 1,
      intervals: { level: 0.95, method: 'percentile bootstrap', draws: 1000 },
      evaluations: [evaluation],
      misses: worstMisses(mates(), [half, perfect], options),
    })
    assert.match(page, /Cup &#60;final&#62; &#38; &#34;more&#34;/)
    assert.doesNotMatch(page, /<script|<final>|https?:/)
    assert.match(page, /Found by: perfect/)
  })

  function mates() {
    const [truth] = groundTruths(articles)
    assert.ok(truth?.kind === 'mates')
    return truth
  }
})

function evaluated(among: ReadonlyMap<string, KnownArticle>, rankers: readonly Ranker[]): Evaluation {
  const [truth] = groundTruths(among)
  assert.ok(truth)
  const steps = evaluate(truth, rankers, { seed: 1, newestMs: 100 * day })
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}
