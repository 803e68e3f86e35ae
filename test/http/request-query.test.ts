import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { articleIdPattern } from '../../src/article/article.ts'
import { InvalidRequestError } from '../../src/errors.ts'
import { listQuery, parseArticleId, parseQuery, railQuery, writeQuery } from '../../src/http/request-query.ts'

test('an id is taken exactly when it matches the pattern of public ids', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[A-Za-z0-9._~-]{1,110}$/)), (id) => {
      if (articleIdPattern.test(id)) assert.equal(parseArticleId(id), id)
      else assert.throws(() => parseArticleId(id), InvalidRequestError)
    }),
  )
})

test('whatever a query holds, it is taken or refused with a reason for each thing that is wrong', () => {
  const value = fc.oneof(fc.string(), fc.array(fc.string(), { maxLength: 3 }), fc.integer().map(String))
  const query = fc.dictionary(fc.oneof(fc.constantFrom('limit', 'exclude', 'section', 'before'), fc.string()), value)
  fc.assert(
    fc.property(query, fc.constantFrom(railQuery, listQuery, writeQuery), (given, schema) => {
      try {
        const taken = parseQuery<Record<string, never>>(schema as never, given)
        assert.ok(Object.keys(taken).every((key) => key in schema.shape))
      } catch (error) {
        assert.ok(error instanceof InvalidRequestError)
        assert.ok(error.problems.length > 0 && error.problems.every(({ message }) => message !== ''))
      }
    }),
  )
})

test('every whole number in its range is a limit, and no other text is', () => {
  fc.assert(
    fc.property(fc.integer({ min: -50, max: 50 }), (limit) => {
      const parsed = () => parseQuery(railQuery, { limit: String(limit) }).limit
      if (limit >= 1 && limit <= 20) assert.equal(parsed(), limit)
      else assert.throws(parsed, InvalidRequestError)
    }),
  )
  for (const limit of ['1.0', '1e1', ' 1', '0x1', '', '٣']) {
    assert.throws(() => parseQuery(railQuery, { limit }), InvalidRequestError, limit)
  }
})

test('all that is wrong is told at once', () => {
  assert.throws(
    () => parseQuery(railQuery, { limit: '0', exclude: 'a b', x: '1' }),
    (error: unknown) => error instanceof InvalidRequestError && error.problems.length === 3,
  )
})

test('at most a hundred ids are excluded', () => {
  const ids = Array.from({ length: 101 }, (_, index) => String(index))
  assert.equal(parseQuery(railQuery, { exclude: ids.slice(1).join(',') }).exclude?.length, 100)
  assert.throws(() => parseQuery(railQuery, { exclude: ids.join(',') }), /at most 100/)
})
