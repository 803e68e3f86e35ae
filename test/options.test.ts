import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { InvalidOptionError } from '../src/errors.ts'
import { optionSpecs, resolveOptions } from '../src/options.ts'

describe('an option', () => {
  it('given in code wins over the environment, which wins over the default', () => {
    assert.equal(resolveOptions({}, {}).port, 3000)
    assert.equal(resolveOptions({}, { ONWARD_PORT: '4000' }).port, 4000)
    assert.equal(resolveOptions({ port: 5000 }, { ONWARD_PORT: '4000' }).port, 5000)
  })

  it('of null stands, and an empty environment variable is as good as none', () => {
    assert.equal(resolveOptions({ token: null }, { ONWARD_TOKEN: '0123456789abcdef' }).token, null)
    assert.equal(resolveOptions({}, { ONWARD_TOKEN: '' }).token, null)
  })

  it('from the environment that cannot be is named as such, with what was expected', () => {
    const cases: Array<[string, string, RegExp]> = [
      [
        'ONWARD_PORT',
        '70000',
        /The environment variable ONWARD_PORT is "70000"; expected a whole number from 0 to 65535/,
      ],
      ['ONWARD_RAIL_LIMIT', 'six', /ONWARD_RAIL_LIMIT is "six"; expected a whole number from 1 to 20/],
      ['ONWARD_BASE_URL', 'news.example', /expected an address such as https:\/\/news\.example/],
      ['ONWARD_LOG_LEVEL', 'loud', /expected one of debug, info, warn, error, silent/],
      ['ONWARD_ACCESS_LOG', 'maybe', /expected true or false/],
    ]
    for (const [name, value, message] of cases) {
      assert.throws(
        () => resolveOptions({}, { [name]: value }),
        (error: unknown) => error instanceof InvalidOptionError && message.test(error.message),
      )
    }
  })

  it('that is a secret is never shown in a complaint', () => {
    assert.throws(
      () => resolveOptions({}, { ONWARD_TOKEN: 'hunter2' }),
      (error: unknown) => error instanceof InvalidOptionError && !error.message.includes('hunter2'),
    )
  })

  it('has a default that its own check accepts, and a name in the environment that no other has', () => {
    const specs = Object.values(optionSpecs)
    assert.equal(new Set(specs.map(({ env }) => env)).size, specs.length)
    for (const spec of specs) assert.deepEqual((spec.parse as (given: unknown) => unknown)(spec.default), spec.default)
  })

  it('cannot be changed once it is resolved', () => {
    const options = resolveOptions({}, {})
    assert.throws(() => Object.assign(options, { port: 1 }), TypeError)
  })
})
