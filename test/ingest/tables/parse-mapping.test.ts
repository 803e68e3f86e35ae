import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseMapping } from '../../../src/ingest/tables/parse-mapping.ts'

const columns = { id: 'id', title: 'headline', body: 'text' }
const fit = { table: 'articles', columns, since: 'updated_at' }

describe('a mapping', () => {
  it('names a table and what its columns hold', () => {
    const table = tableOf({ ...fit, table: 'cms.articles', where: { kind: 'story', gone: null, site: [1, true] } })
    assert.deepEqual(table.table, { schema: 'cms', name: 'articles' })
    assert.deepEqual(table.columns, ['id', 'updated_at', 'headline', 'text', 'kind', 'gone', 'site'])
    assert.deepEqual(table.where, [
      { column: 'kind', values: ['story'] },
      { column: 'gone', values: [null] },
      { column: 'site', values: ['1', 'true'] },
    ])
  })

  it('tells everything that is wrong with it at once, and what was expected', () => {
    const problems = problemsOf({
      table: 'a.b.c',
      columns: { id: 'id', title: ['headline', 7], boddy: 'text', url: 'https://news.example/{a"b}' },
      where: { kind: { not: 'page' } },
      html: 'yes',
      statuses: { published: [], draft: ['new'], withdrawn: ['new'], live: ['on'] },
      colour: 'red',
      idPrefix: 'a/b',
    })
    for (const expected of [
      /^colour is not known; expected only table, columns, since/,
      /^table is "a.b.c"; expected the name of a table/,
      /^columns.boddy is not known; expected only id, title, body, summary/,
      /^columns.title\[1\] is 7; expected a column/,
      /^columns.body is missing; expected the name of a column/,
      /^columns.url is .*; expected an address with columns in braces/,
      /^columns.status is missing; expected the column whose values "statuses" explains/,
      /^since is missing; expected the column that says when a row was last changed/,
      /^where.kind is \{"not":"page"\}; expected a text, a number, true, false, null, or a list/,
      /^html is "yes"; expected true or false/,
      /^statuses.live is not known; expected only published, draft, withdrawn/,
      /^statuses.withdrawn is "new"; expected a value that stands in one list alone/,
      /^statuses.published is \[\]; expected the values that stand for a published article/,
      /^idPrefix is "a\/b"; expected up to 20 letters/,
    ]) {
      assert.ok(
        problems.some((problem) => expected.test(problem)),
        `${expected} is not among:\n${problems.join('\n')}`,
      )
    }
    assert.equal(problems.length, 14, problems.join('\n'))
  })

  for (const name of ['a"b', 'a`b', 'a;b', 'a$1', "a'b", '', 'x'.repeat(64), 'a.b', 'a\nb', 'a\0b', 1, null]) {
    it(`refuses ${JSON.stringify(name)} as the name of a column`, () => {
      assert.equal(problemsOf({ ...fit, since: name }).length, 1)
      assert.equal(problemsOf({ ...fit, columns: { ...columns, section: [name] } }).length, 1)
      assert.equal(
        problemsOf({ ...fit, where: { [String(name)]: 'x' } }).length,
        name === 1 || name === null ? (name === 1 ? 1 : 0) : 1,
      )
    })
  }

  it('is a word for a content system that is known', () => {
    assert.equal(tableOf({ builtIn: 'wordpress' }).table.name, 'wp_posts')
    assert.equal(tableOf({ builtIn: 'wordpress', prefix: 'blog_7_' }).table.name, 'blog_7_posts')
    assert.deepEqual(tableOf({ builtIn: 'ghost', database: 'ghost_prod' }).table, {
      schema: 'ghost_prod',
      name: 'posts',
    })
    assert.match(
      problemsOf({ builtIn: 'joomla' }).join(),
      /builtIn is "joomla"; expected one of "wordpress" and "ghost"/,
    )
    assert.match(problemsOf({ builtIn: 'wordpress', prefix: 'a-"b' }).join(), /prefix/)
    assert.match(problemsOf({ builtIn: 'ghost', prefix: 'x' }).join(), /prefix is not known/)
    assert.match(problemsOf({ builtIn: 'ghost', siteUrl: 'news.example' }).join(), /siteUrl .* expected the address/)
  })

  for (const value of [null, 7, 'wordpress', []]) {
    it(`is no ${JSON.stringify(value)}`, () => {
      assert.match(
        problemsOf(value).join(),
        /expected an object with "table", "columns" and "since", or with "builtIn"/,
      )
    })
  }
})

function tableOf(value: unknown) {
  const parsed = parseMapping(value)
  assert.ok(parsed.ok, JSON.stringify(parsed))
  return parsed.table
}

function problemsOf(value: unknown): string[] {
  const parsed = parseMapping(value)
  return parsed.ok ? [] : parsed.problems.map(({ path, message }) => `${path} ${message}`)
}
