import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { eachWord, wordKey } from '../../src/related/words.ts'

function wordsOf(text: string): string[] {
  const words: string[] = []
  eachWord(text, (source, start, end) => words.push(source.slice(start, end)) > 0)
  return words
}

describe('the words of a text', () => {
  const cases: Array<[string, string, string[]]> = [
    ['figures with points and commas stay whole', 'up 3.15 pct to 1,000.', ['up', '3.15', 'pct', 'to', '1,000']],
    ['initialisms stay whole', 'The U.S. and the U.N. met.', ['The', 'U.S.', 'and', 'the', 'U.N.', 'met']],
    ['an initial before a name is no word', 'J. Thorne spoke', ['Thorne', 'spoke']],
    ['possessives are cut, contractions are not', "Halvern's mayor doesn’t", ['Halvern', 'mayor', 'doesn’t']],
    ['names with an apostrophe stay whole', "O'Brien spoke", ["O'Brien", 'spoke']],
    ['elided articles are cut', "l'homme d'Arles, qu'il dit", ['homme', 'Arles', 'il', 'dit']],
    ['hyphens part words', 'lock-keepers', ['lock', 'keepers']],
    ['marks belong to their letters', 'हिन्दी में', ['हिन्दी', 'में']],
    ['compatibility forms are one', 'ﬁle Ｈａｌｖｅｒｎ', ['file', 'Halvern']],
    ['single letters are noise', 'a b c', []],
    ['letters beyond the basic plane are letters', '𐐀𐐁 said', ['𐐀𐐁', 'said']],
    ['nothing gives nothing', ' — … ', []],
  ]
  for (const [promise, text, expected] of cases) test(promise, () => assert.deepEqual(wordsOf(text), expected))

  test('are found in scripts without spaces', () => {
    const words = wordsOf('港のストライキでフェリーが止まった。')
    assert.ok(words.includes('フェリー'), words.join(' '))
    assert.ok(words.length > 3)
  })

  test('know whether they stand inside a sentence', () => {
    const inside: string[] = []
    eachWord(
      'Ferries stopped. Crews in Halvern said: "Enough is enough" \n Owners of U.S. ships agreed',
      (source, start, end, isInside) => {
        if (isInside) inside.push(source.slice(start, end))
        return true
      },
    )
    assert.deepEqual(inside, ['stopped', 'in', 'Halvern', 'said', 'is', 'enough', 'of', 'U.S.', 'ships', 'agreed'])
  })

  test('are read no further than the reader wants', () => {
    let read = 0
    eachWord('one two three four', () => ++read < 2)
    assert.equal(read, 2)
    eachWord('フェリーが止まった港', () => false)
  })

  test('are words, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        for (const word of wordsOf(text)) {
          assert.match(word, /[\p{L}\p{N}\p{M}]/u)
          assert.doesNotMatch(word, /[\s<>&]/u)
        }
      }),
      { numRuns: 300 },
    )
  })

  test('have one key whatever their case, apostrophe and last point', () => {
    assert.equal(wordKey('BAHIA'), wordKey('Bahia'))
    assert.equal(wordKey('Don’t'), wordKey("don't"))
    assert.equal(wordKey('U.S.'), wordKey('U.S'))
    assert.notEqual(wordKey('U.S.'), wordKey('us'))
  })
})
