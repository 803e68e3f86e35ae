import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { cleanLine, cleanText, cutAtWord } from '../../src/article/clean-text.ts'

describe('clean text', () => {
  it('has nothing more to clean', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        assert.equal(cleanLine(cleanLine(text)), cleanLine(text))
        assert.equal(cleanText(cleanText(text)), cleanText(text))
        assert.ok(cleanText(text).isWellFormed())
      }),
    )
  })

  it('keeps paragraphs, but never more than one empty line between them', () => {
    assert.equal(cleanText('One.\n \n\t\n\nTwo.\u2029Three.'), 'One.\n\nTwo.\n\nThree.')
  })

  it('is cut at a word, and says so', () => {
    assert.equal(cutAtWord('The quick brown fox', 12), 'The quick…')
    assert.equal(cutAtWord('The quick', 12), 'The quick')
  })

  it('is never cut inside a character', () => {
    assert.equal(cutAtWord('😀😀😀', 4), '😀…')
  })
})
