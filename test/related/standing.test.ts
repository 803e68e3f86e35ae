import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { defaultRules, type RailRules } from '../../src/related/related.ts'
import { RelatedIndex } from '../../src/related/related-index.ts'
import { day, document } from './documents.ts'

const wire =
  'Ferry crews in Halvern harbour walked out on Monday over new rosters, leaving four thousand commuters on the quay, the port said. Talks go on.'

const articles = [
  document('reader', {
    body: 'Why the ferry crews of Halvern harbour walked out over rosters: four questions to the port',
    section: 'Business',
    source: 'Courier',
    tags: ['Ferries'],
    publishedAtMs: 2 * day,
  }),
  document('wire', { body: wire, publishedAtMs: day, source: 'Meridian', section: 'Business', tags: ['ferries'] }),
  document('copy', { body: wire, publishedAtMs: 2 * day, source: 'Gazette' }),
  document('inquiry', {
    body: 'An inquiry into rosters of ferry crews opens in Halvern harbour next month',
    publishedAtMs: 30 * day,
    source: 'Meridian',
    section: 'Politics',
  }),
  document('fähre', { body: wire, language: 'de' }),
  document('cheese', {
    body: 'A cheese fair opens on the green with forty stalls and a brass band',
    publishedAtMs: day,
  }),
  document('second', {
    body: 'Questions to the port of Halvern, answered by the harbour',
    evolvedFrom: 'reader',
    publishedAtMs: 3 * day,
  }),
]

function indexOf(rules?: RailRules): RelatedIndex {
  const index = new RelatedIndex(rules ? { rules } : {})
  for (const one of articles) index.put(one)
  index.settle()
  return index
}

describe('an article that is not in a rail', () => {
  const absences = {
    reader: { kind: 'itself' },
    nobody: { kind: 'unknown', id: 'nobody' },
    second: { kind: 'version', of: 'reader' },
    fähre: { kind: 'language', languages: ['en', 'de'] },
    copy: { kind: 'repeat', of: 'wire' },
  }
  for (const [id, absence] of Object.entries(absences)) {
    test(`has its reason told: ${absence.kind}`, () => {
      const standing = indexOf().standing('reader', id)
      assert.ok(!standing.isShown)
      assert.deepEqual(standing.absence, absence)
    })
  }

  test('has its reason told: below-floor, with the figures', () => {
    const standing = indexOf().standing('reader', 'cheese')
    assert.ok(!standing.isShown && standing.absence.kind === 'below-floor')
    assert.ok(standing.absence.text < standing.absence.floor)
  })

  const rules: Array<[Partial<RailRules>, object]> = [
    [{ maxPerSource: 1 }, { kind: 'source-cap', source: 'Meridian', most: 1 }],
    [{ sameSectionOnly: true }, { kind: 'excluded', by: 'other-section' }],
    [{ includeNewer: false }, { kind: 'excluded', by: 'newer' }],
    [{ exclude: { ids: ['inquiry'], tags: [], sections: [] } }, { kind: 'excluded', by: 'id' }],
    [{ exclude: { ids: [], tags: [], sections: ['politics'] } }, { kind: 'excluded', by: 'section' }],
  ]
  for (const [changed, absence] of rules) {
    test(`has the rule named that keeps it out: ${Object.keys(changed)}`, () => {
      const index = indexOf()
      const under = { ...defaultRules, ...changed }
      assert.equal(index.standing('reader', 'inquiry').isShown, true)
      const standing = index.standing('reader', 'inquiry', under)
      assert.ok(!standing.isShown)
      assert.deepEqual(standing.absence, absence)
      assert.equal(
        index.railUnder('reader', under).some(({ id }) => id === 'inquiry'),
        false,
      )
    })
  }

  test('has the rank told when better ones fill the rail', () => {
    const standing = indexOf().standing('reader', 'inquiry', { ...defaultRules, limit: 1 })
    assert.ok(!standing.isShown && standing.absence.kind === 'outranked')
    assert.ok(standing.absence.ranked < standing.absence.last)
  })
})

describe('the parts of a score', () => {
  test('are those of the item in the rail, to the rounding', () => {
    const index = indexOf()
    for (const { id } of articles) {
      for (const [at, item] of index.rail(id).entries()) {
        const standing = index.standing(id, item.id)
        assert.ok(standing.isShown)
        assert.equal(standing.position, at + 1)
        const { score, text, names, words, time, ranked } = standing.parts
        assert.ok(Math.abs(score - item.score) < 0.0001, `${score} ${item.score}`)
        assert.ok(Math.abs(text * time - score) < 1e-9)
        assert.ok(Math.abs(names + words - text) < 1e-9)
        assert.equal(ranked, score)
      }
    }
  })

  test('tell what the rules add and take away', () => {
    const rules: RailRules = {
      ...defaultRules,
      signals: { section: 1.5, tags: 1.2, entities: 1 },
      halfLifeDays: { '*': 1 },
    }
    const { penalties, ranked, score, sharedTags } = indexOf().scoreParts('reader', 'wire', rules)!
    assert.deepEqual(penalties, [
      { rule: 'section', factor: 1.5 },
      { rule: 'tags', factor: 1.2 },
      { rule: 'half-life', factor: 0.5 },
    ])
    assert.deepEqual(sharedTags, ['Ferries'])
    assert.ok(Math.abs(ranked - score * 0.9) < 1e-9)
  })
})
