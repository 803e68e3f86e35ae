import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { defaultRules } from '../../src/related/related.ts'
import { RelatedIndex } from '../../src/related/related-index.ts'
import { day, document } from './documents.ts'

const wire =
  'Ferry crews in Halvern harbour walked out on Monday over new rosters, leaving four thousand commuters on the quay, the port said. Talks go on.'
const shortened = wire.replace(' Talks go on.', '')

function railOf(id: string, all: ReturnType<typeof document>[]): string[] {
  const index = new RelatedIndex()
  for (const one of all) index.put(one)
  index.settle()
  return index.rail(id).map((item) => item.id)
}

describe('of texts that repeat each other', () => {
  const reader = { body: 'Why the ferry crews of Halvern harbour walked out over rosters: four questions to the port' }

  test('the first to be published is shown', () => {
    const rail = railOf('reader', [
      document('reader', { ...reader, publishedAtMs: 2 * day }),
      document('a-later', { body: shortened, publishedAtMs: 2 * day, source: 'Gazette' }),
      document('first', { body: wire, publishedAtMs: day, source: 'Meridian Wire' }),
    ])
    assert.deepEqual(rail, ['first'])
  })

  test("the reader's own publisher comes before the agency that was first", () => {
    const rail = railOf('reader', [
      document('reader', { ...reader, publishedAtMs: 2 * day, source: 'Halvern Courier' }),
      document('courier', { body: shortened, publishedAtMs: 2 * day, source: 'Halvern Courier' }),
      document('wire', { body: wire, publishedAtMs: day, source: 'Meridian Wire' }),
    ])
    assert.deepEqual(rail, ['courier'])
  })

  test('none is shown beside its own text', () => {
    const all = [document('wire', { body: wire }), document('print', { body: shortened }), document('reader', reader)]
    assert.deepEqual(railOf('wire', all), ['reader'])
  })

  test('two reports from one template are not taken for repeats', () => {
    const result = (company: string, profit: string, last: string) =>
      `${company} said its net profit for the quarter was ${profit} crowns a share against ${last} a year ago`
    const all = [
      document('one', { body: result('Dunmere Mills', '1.20', '0.80') }),
      document('two', { body: result('Tamsin Barges', '3.45', '3.10') }),
      document('three', { body: result('Auerlin Dairies', '0.15', '0.95') }),
    ]
    assert.deepEqual(railOf('one', all).toSorted(), ['three', 'two'])
  })
})

describe('of the versions of an article', () => {
  const versions = [
    document('v1', { body: 'Bell found in the Tamsin mud near Halvern by divers', publishedAtMs: 0 }),
    document('v2', {
      body: 'Divers raise the great bell of Halvern from Tamsin mud after 283 years',
      evolvedFrom: 'v1',
      publishedAtMs: 0,
    }),
    document('v3', {
      body: 'Great bell rings: Halvern cheers as divers from the Tamsin bow',
      evolvedFrom: 'v2',
      publishedAtMs: 0,
    }),
  ]
  const reader = document('reader', { body: 'How divers found the great bell of Halvern in the Tamsin mud' })

  test('only the latest is shown beside another article', () => {
    assert.deepEqual(railOf('reader', [...versions, reader]), ['v3'])
  })

  test('none is shown beside another of them', () => {
    for (const { id } of versions) assert.deepEqual(railOf(id, [...versions, reader]), ['reader'])
  })

  test('the one before comes back when the latest is taken down', () => {
    const index = new RelatedIndex()
    for (const one of [...versions, reader]) index.put(one)
    index.settle()
    index.remove('v3')
    assert.deepEqual(
      index.settle().rails.map(({ articleId, items }) => [articleId, items.map(({ id }) => id)]),
      [['reader', ['v2']]],
    )
  })

  test('a middle one that comes last joins the others', () => {
    const [first, middle, last] = versions
    const index = new RelatedIndex()
    for (const one of [first!, last!, reader]) index.put(one)
    index.settle()
    assert.equal(index.rail('reader').length, 2)
    index.put(middle!)
    index.settle()
    assert.deepEqual(
      index.rail('reader').map(({ id }) => id),
      ['v3'],
    )
    assert.deepEqual(
      index.rail('v1').map(({ id }) => id),
      ['reader'],
    )
  })

  test('a loop of replacements ends', () => {
    const loop = [
      document('x', { body: 'ferry crews of Halvern', evolvedFrom: 'y' }),
      document('y', { body: 'harbour of Halvern ferry', evolvedFrom: 'x' }),
      document('z', { body: 'ferry harbour crews', evolvedFrom: 'z' }),
    ]
    assert.ok(railOf('z', loop).length >= 1)
  })
})

describe('of one source', () => {
  const rules = { ...defaultRules, maxPerSource: 1 }
  const other = 'Ferry crews of Halvern harbour walked out over rosters, and four questions are left, the port says'

  test('a copy that is preferred does not bring one too many', () => {
    const index = new RelatedIndex({ rules })
    for (const one of [
      document('reader', {
        body: 'Why the ferry crews of Halvern harbour walked out over rosters: four questions to the port',
      }),
      document('a1', { body: other, publishedAtMs: 2 * day, source: 'Agency' }),
      document('b1', { body: shortened, publishedAtMs: 2 * day, source: 'Bulletin' }),
      document('a2', { body: wire, publishedAtMs: day, source: 'AGENCY ' }),
    ]) {
      index.put(one)
    }
    index.settle()
    const shown = index.rail('reader').map(({ id }) => id)
    assert.equal(shown.filter((id) => id.startsWith('a')).length, 1, `${shown}`)
    assert.equal(shown.length, 2, `${shown}`)
  })
})

test('tags are all heard of, however many there are', () => {
  const tags = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'advertorial']
  const index = new RelatedIndex({
    rules: { ...defaultRules, exclude: { ids: [], sections: [], tags: ['Advertorial'] } },
  })
  index.put(document('reader', { body: wire }))
  index.put(document('paid', { body: `${wire} Book now.`.repeat(3), tags }))
  index.settle()
  const again = new RelatedIndex({
    rules: { ...defaultRules, exclude: { ids: [], sections: [], tags: ['Advertorial'] } },
  })
  again.restore(structuredClone(index.save()!))
  for (const one of [index, again]) assert.deepEqual(one.rail('reader'), [])
})

test('languages are one by whatever code they are named', () => {
  const rail = (one: string, two: string) =>
    railOf('one', [
      document('one', { body: wire, language: one }),
      document('two', { body: `${wire} ${wire.slice(20, 90)} More on this later today.`, language: two }),
    ])
  for (const [one, two] of [
    ['en', 'eng'],
    ['en-GB', 'EN_us'],
    ['nb', 'no'],
    ['nn', 'nb'],
  ] as const) {
    assert.deepEqual(rail(one, two), ['two'], `${one} ${two}`)
  }
  assert.deepEqual(rail('en', 'de'), [])
})

test('an article whose id was known as an earlier version of another is put and removed like any', () => {
  const index = new RelatedIndex()
  for (const id of ['a', 'b']) index.put(document(id, { body: wire }))
  index.settle()
  const again = new RelatedIndex()
  again.restore(structuredClone(index.save()!))
  again.put(document('b', { body: wire, evolvedFrom: 'zz' }))
  again.settle()
  again.put(document('zz', { body: wire }))
  again.settle()
  assert.equal(again.size, 3)
  again.remove('zz')
  again.settle()
  assert.equal(again.size, 2)
})

test('a name that fills the news of one language still links two articles of another', () => {
  const index = new RelatedIndex()
  const filler = (number: number, language: string) =>
    Array.from({ length: 30 }, (_, at) => `${language}word${(number * 7 + at * 13) % 400}`).join(' ')
  for (let number = 0; number < 600; number++) {
    index.put(document(`en${number}`, { body: `Halvernsson ${filler(number, 'en')}`, language: 'en' }))
  }
  for (let number = 0; number < 60; number++) {
    index.put(document(`it${number}`, { body: filler(number, 'it'), language: 'it' }))
  }
  const own = (name: string) => Array.from({ length: 6 }, (_, at) => `${name}${at}`).join(' ')
  index.put(document('uno', { body: `Halvernsson ${own('uno')}`, language: 'it' }))
  index.put(document('due', { body: `Halvernsson ${own('due')}`, language: 'it' }))
  index.settle()
  assert.deepEqual(
    index.rail('uno').map(({ id }) => id),
    ['due'],
  )
  const again = new RelatedIndex()
  again.restore(structuredClone(index.save()!))
  again.put(document('tre', { body: `Halvernsson ${own('tre')}`, language: 'it' }))
  again.settle()
  assert.deepEqual(
    again
      .rail('tre')
      .map(({ id }) => id)
      .toSorted(),
    ['due', 'uno'],
  )
})

describe('under rules that change scores', () => {
  const rules = { ...defaultRules, sameSectionOnly: true, signals: { ...defaultRules.signals, section: 3 } }
  const about = (number: number) =>
    document(`a${number}`, {
      body: `Ferry crews of Halvern harbour walked out over rosters ${Array.from({ length: 12 }, (_, at) => `w${(number * 37 + at * at * 11 + (number % 7) * at) % 97}`).join(' ')}`,
      section: number % 3 === 0 ? 'Harbour' : 'Other',
    })

  function settled() {
    const index = new RelatedIndex({ rules })
    for (let number = 0; number < 120; number++) index.put(about(number))
    const rails = new Map(index.settle().rails.map(({ articleId, items }) => [articleId, items]))
    return { index, rails }
  }

  test('none is above 1', () => {
    const scores = [...settled().rails.values()].flat().map(({ score }) => score)
    assert.ok(scores.length > 100)
    assert.ok(Math.max(...scores) <= 1, `${Math.max(...scores)}`)
  })

  test('what is taken down leaves every rail, also those that reach beyond the pool', () => {
    const { index, rails } = settled()
    const holders = (gone: string) => [...rails].filter(([, items]) => items.some(({ id }) => id === gone))
    const gone = [...rails.keys()].reduce((most, id) => (holders(id).length > holders(most).length ? id : most))
    const held = holders(gone).map(([id]) => id)
    assert.ok(held.length > 20, `${held.length} rails hold it`)
    index.remove(gone)
    for (const { articleId, items } of index.settle().rails) rails.set(articleId, items)
    for (const id of held) assert.ok(!rails.get(id)?.some((item) => item.id === gone), `${id} holds it still`)
  })
})
