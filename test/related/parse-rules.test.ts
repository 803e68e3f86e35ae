import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseRules } from '../../src/related/parse-rules.ts'
import { defaultRules, type RailRules } from '../../src/related/related.ts'

describe('rules that somebody wrote', () => {
  it('have the defaults for what is left out', () => {
    assert.deepEqual(parseRules({}), { ok: true, rules: defaultRules })
    const parsed = parseRules({ minScore: 0.1, signals: { tags: 2 }, exclude: { tags: ['obituaries'] } })
    assert.deepEqual(parsed, {
      ok: true,
      rules: {
        ...defaultRules,
        minScore: 0.1,
        signals: { section: 1, tags: 2, entities: 1 },
        exclude: { ids: [], tags: ['obituaries'], sections: [] },
      },
    })
  })

  it('come back as they are when they are written out in full', () => {
    const rules: RailRules = {
      signals: { section: 1.5, tags: 0.5, entities: 2 },
      halfLifeDays: { '*': 30, Sport: 3 },
      evergreen: ['Recipes'],
      sameSectionOnly: true,
      minScore: 0.2,
      limit: 4,
      maxPerSource: 2,
      maxPerSection: null,
      includeNewer: false,
      exclude: { ids: ['1'], tags: ['a'], sections: ['b'] },
      collapseRepeats: false,
    }
    assert.deepEqual(parseRules(JSON.parse(JSON.stringify(rules))), { ok: true, rules })
  })

  it('may give one half-life for all sections', () => {
    const parsed = parseRules({ halfLifeDays: 14 })
    assert.ok(parsed.ok)
    assert.deepEqual(parsed.rules.halfLifeDays, { '*': 14 })
  })

  for (const [given, problem] of [
    [[], /^: is \[\]; an object was expected/],
    [null, /an object was expected/],
    [{ minscore: 1 }, /^minscore: is not known; known are .*minScore/],
    [{ minScore: 2 }, /^minScore: is 2; a number from 0 to 1/],
    [{ minScore: '0.1' }, /^minScore: is "0.1"; a number/],
    [{ limit: 0 }, /^limit: is 0; a whole number from 1 to 20, or null/],
    [{ maxPerSource: 1.5 }, /^maxPerSource: is 1.5/],
    [{ signals: { names: 2 } }, /^signals\.names: is not known; known are section, tags, entities/],
    [{ halfLifeDays: { Sport: -1 } }, /^halfLifeDays\.Sport: is -1/],
    [{ sameSectionOnly: 'yes' }, /^sameSectionOnly: is "yes"; true or false/],
    [{ exclude: { tags: 'sport' } }, /^exclude\.tags: is "sport"; a list/],
    [{ exclude: { authors: [] } }, /^exclude\.authors: is not known/],
  ] as Array<[unknown, RegExp]>) {
    it(`are refused with what was expected: ${JSON.stringify(given)}`, () => {
      const parsed = parseRules(given)
      assert.ok(!parsed.ok)
      assert.match(parsed.problems.map(({ path, message }) => `${path}: ${message}`).join('\n'), problem)
    })
  }

  it('are refused with all that is wrong at once', () => {
    const parsed = parseRules({ minScore: 2, limit: 'six', evergreen: 4 })
    assert.ok(!parsed.ok)
    assert.deepEqual(
      parsed.problems.map(({ path }) => path),
      ['evergreen', 'minScore', 'limit'],
    )
  })
})
