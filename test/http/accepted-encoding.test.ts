import assert from 'node:assert/strict'
import { test } from 'node:test'
import { acceptedEncoding } from '../../src/http/accepted-encoding.ts'

const cases: Array<[string | undefined, string]> = [
  [undefined, 'identity'],
  ['', 'identity'],
  ['gzip, deflate, br, zstd', 'br'],
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['GZIP', 'gzip'],
  ['gzip;q=1.0, br;q=0.5', 'gzip'],
  ['br;q=0, gzip', 'gzip'],
  ['br;q=0, gzip;q=0', 'identity'],
  ['*', 'br'],
  ['*;q=0', 'identity'],
  ['*;q=0.5, br;q=0', 'gzip'],
  ['identity;q=1, gzip;q=0.2', 'identity'],
  ['identity;q=0', 'identity'],
  ['deflate', 'identity'],
  ['br;q=2', 'br'],
  [';;;,,,=', 'identity'],
  ['gzip ; q = 0.001', 'gzip'],
]

for (const [header, encoding] of cases) {
  test(`${JSON.stringify(header)} is answered with ${encoding}`, () => {
    assert.equal(acceptedEncoding(header), encoding)
    assert.equal(acceptedEncoding(header), encoding, 'the second time too')
  })
}

test('any number of different headers is answered, and few are remembered', () => {
  for (let index = 0; index < 5000; index++) assert.equal(acceptedEncoding(`x${index}, gzip`), 'gzip')
  assert.equal(acceptedEncoding(`${'a,'.repeat(100_000)}br`), 'identity')
})
