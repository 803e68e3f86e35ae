import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Absence, ScoreParts } from '../../src/related/related.ts'
import { absenceText, partsLines, standingText } from '../../src/related/standing-text.ts'

const parts: ScoreParts = {
  score: 0.2,
  text: 0.5,
  names: 0.3,
  words: 0.2,
  time: 0.4,
  daysApart: 9,
  isSameSection: true,
  sharedTags: ['cocoa'],
  penalties: [{ rule: 'section', factor: 1.5 }],
  ranked: 0.3,
  terms: [{ term: 'Bahia', isName: true, part: 0.3 }],
}

describe('a standing in words', () => {
  it('tells the place and the score of what is shown', () => {
    assert.equal(standingText({ isShown: true, position: 3, parts }), 'It stands at place 3, with a score of 0.300.')
  })

  // Typed by kind, so that a new one fails to compile here before it is told as `undefined`.
  const sentences: { readonly [Kind in Absence['kind']]: readonly [Extract<Absence, { kind: Kind }>, RegExp] } = {
    itself: [{ kind: 'itself' }, /the article itself/],
    unknown: [{ kind: 'unknown', id: 'x' }, /"x" is not among those that can be shown/],
    version: [{ kind: 'version', of: 'a' }, /another version of "a"/],
    language: [{ kind: 'language', languages: ['en', 'de'] }, /en and de/],
    repeat: [{ kind: 'repeat', of: 'wire' }, /repeats that of "wire"/],
    'below-floor': [{ kind: 'below-floor', text: 0.05, floor: 0.08 }, /0\.050, which is below the floor of 0\.080/],
    'below-min-score': [{ kind: 'below-min-score', score: 0.1, minScore: 0.2 }, /0\.100.*minScore of 0\.200/],
    'source-cap': [{ kind: 'source-cap', source: 'Wire', most: 2 }, /There are 2 from "Wire".*maxPerSource/],
    'section-cap': [{ kind: 'section-cap', section: 'Sport', most: 1 }, /There is one from the section "Sport"/],
    excluded: [{ kind: 'excluded', by: 'newer' }, /includeNewer: false/],
    outranked: [
      { kind: 'outranked', ranked: 0.2, last: 0.4 },
      /score is 0\.200, the last of them has 0\.400 \(.*0\.500, times 0\.400 for 9\.0 days/,
    ],
  }
  for (const [kind, [absence, expected]] of Object.entries(sentences)) {
    it(`gives the reason and its figures: ${kind}`, () => assert.match(absenceText(absence, parts), expected))
  }

  it('gives the parts of a score as a sum that can be followed', () => {
    const text = partsLines(parts).join('\n')
    assert.match(text, /0\.500 {2}likeness of the texts \(names 0\.300, other words 0\.200\)/)
    assert.match(text, /times 0\.400 {2}nearness in time \(9\.0 days apart\)/)
    assert.match(text, /times 1\.500 {2}for the same section/)
    assert.match(text, /= 0\.300/)
    assert.match(text, /In common: Bahia 0\.300/)
  })
})
