import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { reasonText } from '../../src/related/explain.ts'
import { RelatedIndex } from '../../src/related/related-index.ts'
import { day, document } from './documents.ts'

/** A town's small news, so that the words of the stories under test are neither everywhere nor alone. */
const subjects = [
  'tram',
  'library',
  'bakery',
  'school',
  'bridge',
  'theatre',
  'museum',
  'orchard',
  'chess',
  'choir',
  'well',
  'mill',
]
const verbs = ['reopens', 'closes', 'celebrates', 'expands', 'moves', 'wins']
const town = subjects.flatMap((subject, at) =>
  verbs.map((verb, turn) =>
    document(`town-${subject}-${verb}`, {
      title: `${subject} ${verb}`.toUpperCase(),
      body: `The ${subject} on ${subjects[(at + turn + 5) % 12]} street ${verb} and the people of the quarter said so.`,
      publishedAtMs: ((at * 7 + turn) % 40) * day,
    }),
  ),
)

function reasonOf(one: { title: string; body: string }, two: { title: string; body: string }, daysApart = 1) {
  const index = new RelatedIndex()
  for (const known of town) index.put(known)
  index.put(document('one', { ...one, publishedAtMs: 0 }))
  index.put(document('two', { ...two, publishedAtMs: daysApart * day }))
  index.settle()
  const { reason } = index.explain('one', 'two')
  assert.ok(reason)
  assert.deepEqual(index.explain('two', 'one').reason, reason)
  return reason
}

describe('a reason', () => {
  const cocoa = {
    title: 'SHOWERS EASE DROUGHT IN BAHIA COCOA ZONE',
    body: 'Showers continued through the week in the Bahia cocoa zone, and growers in Bahia said the drought is over. New cocoa from the zone arrives in May.',
  }
  const later = {
    title: 'BAHIA COCOA ARRIVALS RISE',
    body: 'More cocoa arrived from the Bahia zone after the showers, traders said. Exporters expect cocoa of the zone to be sold by June.',
  }

  test('is the article’s own when it has taken the place of one that went', () => {
    const strike = { title: 'DOCKERS STRIKE', body: 'Dockers in the harbour began a strike over wages on Monday.' }
    const more = { title: 'STRIKE SPREADS', body: 'The strike of dockers over wages reached a second harbour.' }
    const index = new RelatedIndex()
    for (const known of town) index.put(known)
    index.put(document('stays', { title: `${cocoa.title}; ${strike.title}`, body: `${cocoa.body} ${strike.body}` }))
    index.put(document('goes', { ...later, publishedAtMs: day }))
    // So many that their places are given away when they are gone.
    const many = Array.from({ length: 80 }, (_, at) => document(`many-${at}`, { title: 'filler', publishedAtMs: day }))
    for (const one of many) index.put(one)
    index.settle()
    assert.ok(index.explain('stays', 'goes').reason?.terms.includes('Bahia'))

    for (const id of ['goes', ...many.map((one) => one.id)]) index.remove(id)
    for (let at = 0; at < 81; at++) index.put(document(`new-${at}`, { ...more, publishedAtMs: day }))
    index.settle()
    for (let at = 0; at < 81; at++) {
      assert.ok(!index.explain('stays', `new-${at}`).reason?.terms.includes('Bahia'), `new-${at}`)
    }
  })

  test('gives words as readers write them, though headlines shout', () => {
    const { terms } = reasonOf(cocoa, later)
    assert.ok(terms.includes('Bahia'), terms.join(', '))
    assert.ok(terms.includes('cocoa'), terms.join(', '))
    for (const term of terms) assert.notEqual(term, term.toUpperCase())
  })

  test('never rests on function words or figures', () => {
    const one = {
      title: 'Said the',
      body: 'The mayor of Halvern said on the 3rd that 412 would be there after all, because they had said so.',
    }
    const two = {
      title: 'Said so',
      body: 'On the 3rd the council said that 412 would be there after all because Halvern had said it.',
    }
    assert.deepEqual(reasonOf(one, two).terms, ['Halvern'])
  })

  test('joins two words that stand together as a name', () => {
    const one = {
      title: 'Ferry to Fish Quay',
      body: 'The ferry of Josiah Thorne reached Fish Quay at noon, and Josiah Thorne waved from Fish Quay.',
    }
    const two = {
      title: 'Quay honours captain',
      body: 'On Fish Quay a plaque for Josiah Thorne was shown; Josiah Thorne came back to Fish Quay for it.',
    }
    const { terms } = reasonOf(one, two)
    assert.deepEqual(new Set(terms), new Set(['Josiah Thorne', 'Fish Quay']))
  })

  test('says story when the articles are close in time, and topic when they are far apart', () => {
    assert.equal(reasonOf(cocoa, later, 1).kind, 'story')
    assert.equal(reasonOf(cocoa, later, 30).kind, 'topic')
  })

  test('shows at most four terms, and no two forms of one word', () => {
    const body = 'Otters, an otter, herons, a heron, newts, toads, voles, shrews and stoats live on Eel Island.'
    const { terms } = reasonOf(
      { title: 'Otters on Eel Island', body },
      { title: 'Otter watch', body: `Again: ${body}` },
    )
    assert.equal(terms.length, 4)
    assert.equal(terms.filter((term) => /otter/i.test(term)).length, 1)
  })

  test('reads as a sentence', () => {
    assert.equal(reasonText({ kind: 'story', terms: ['Bahia', 'cocoa', 'zone'] }), 'Same story: Bahia, cocoa, zone')
    assert.equal(reasonText({ kind: 'topic', terms: [] }), 'Same topic')
  })
})

describe('an explanation', () => {
  const body = 'Lock keepers on the Tamsin walked out over remote control of the sluices at Dunmere'
  const index = new RelatedIndex()
  for (const known of town) index.put(known)
  index.put(document('lead', { body, publishedAtMs: 0 }))
  index.put(
    document('follow', {
      body: 'Barges wait at Dunmere while lock keepers and the Tamsin board talk sluices',
      publishedAtMs: day,
    }),
  )
  index.put(document('rewrite', { body: `${body}, the board said late in the evening`, evolvedFrom: 'lead' }))
  index.put(document('reprint', { body: `${body}.`, publishedAtMs: day }))
  index.put(document('german', { body: 'Tamsin Dunmere sluices', language: 'de' }))
  index.put(document('far', { body: 'Nothing of the kind happens elsewhere in winter' }))
  index.settle()

  const cases: Array<[string, string]> = [
    ['follow', 'related'],
    ['rewrite', 'version'],
    ['reprint', 'repeat'],
    ['german', 'language'],
    ['far', 'too-weak'],
    ['lead', 'itself'],
    ['nobody', 'unknown'],
  ]
  for (const [other, verdict] of cases) {
    test(`of ${other} beside lead is: ${verdict}`, () => {
      const explanation = index.explain('lead', other)
      assert.equal(explanation.verdict, verdict)
      assert.equal(explanation.position !== null, verdict === 'related')
    })
  }
})
