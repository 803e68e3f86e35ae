import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { checkSources, layerOf } from './check-source.ts'
import { layers } from './layers.ts'
import { blankTexts, readImports } from './read-source.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

function readSources(): Map<string, string> {
  const folder = join(root, 'src')
  return new Map(
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts'))
      .map((path) => [path.split(sep).join('/'), readFileSync(join(folder, path), 'utf8')]),
  )
}

function readDependencies(): Set<string> {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  return new Set(Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }))
}

suite('the layers', () => {
  test('every source file keeps to them', () => {
    const sources = readSources()
    assert.ok(sources.size > 0, 'No source files were found.')
    const violations = checkSources(sources, readDependencies())
    assert.equal(violations.length, 0, `\n${violations.join('\n')}\n`)
  })

  test('the table goes upwards only', () => {
    for (const [position, layer] of layers.entries()) {
      const below = new Set(layers.slice(0, position).map(({ name }) => name))
      // Peers that are told apart by a deeper folder may stand on either side of each other.
      for (const name of layer.mayImport.map((entry) => entry.replace(/^types of /, ''))) {
        assert.ok(below.has(name), `${layer.name} may import ${name}, which does not stand below it`)
      }
    }
  })

  test('a deeper entry counts more than the folder that it is in', () => {
    assert.equal(layerOf('store/store.ts')?.name, 'store contract')
    assert.equal(layerOf('store/sqlite/sql.ts')?.name, 'store')
    assert.equal(layerOf('http/pages/page.ts')?.name, 'pages')
    assert.equal(layerOf('shop/shop.ts'), null)
  })
})

suite('planted violations are found', () => {
  const sound: Record<string, string> = {
    'errors.ts': 'export class OnwardError extends Error {}',
    'article/article.ts': 'export interface Article { readonly id: string }',
    'related/related.ts': "import type { Article } from '../article/article.ts'\nexport type Rail = Article[]",
    'concurrency/clock.ts': 'export const systemClock = { now: () => Date.now() }',
    'store/store.ts': "import type { Article } from '../article/article.ts'\nexport interface Store { a: Article }",
    'manager/manager.ts':
      "import type { Store } from '../store/store.ts'\nexport type Manager = Store\nexport const limit = 3",
    'http/server.ts':
      "import Fastify from 'fastify'\nimport type { Manager } from '../manager/manager.ts'\nexport const s = (m: Manager) => Fastify(m)",
  }

  function violationsWith(planted: Record<string, string>): string[] {
    return checkSources(new Map(Object.entries({ ...sound, ...planted })), new Set(['fastify', 'pg']))
  }

  function findsOne(planted: Record<string, string>, expected: RegExp): void {
    const violations = violationsWith(planted)
    assert.equal(violations.length, 1, violations.join('\n'))
    assert.match(violations[0] ?? '', expected)
  }

  test('and sound sources have none', () => assert.deepEqual(violationsWith({}), []))

  test('an import that goes up', () =>
    findsOne(
      { 'related/rank.ts': "\n\nimport { limit } from '../manager/manager.ts'\nexport const a = limit" },
      /^src\/related\/rank\.ts:3: related may not import manager \(manager\/manager\.ts\), only .*Have it handed in/,
    ))

  test('an import between peers, also when it spans lines', () =>
    findsOne(
      {
        'store/pg.ts': 'export const b = 1',
        'http/x.ts': "import {\n  b,\n} from '../store/pg.ts'\nexport const c = b",
      },
      /^src\/http\/x\.ts:1: http may not import store/,
    ))

  test('an import at run time', () =>
    findsOne(
      { 'store/pg.ts': 'export const b = 1', 'http/x.ts': "export const c = () =>\n  import('../store/pg.ts')" },
      /^src\/http\/x\.ts:2: http may not import store/,
    ))

  test('a value where only types are allowed', () =>
    findsOne(
      { 'http/x.ts': "import { limit, type Manager } from '../manager/manager.ts'\nexport const c: Manager = limit" },
      /^src\/http\/x\.ts:1: http may know the types of manager alone/,
    ))

  test('a framework outside its layer', () =>
    findsOne(
      { 'manager/x.ts': "import Fastify from 'fastify'\nexport default Fastify" },
      /manager may not import the package fastify \(none\)/,
    ))

  test('a package that is not a dependency', () => {
    const violations = violationsWith({ 'http/x.ts': "import ghtml from 'ghtml/html.js'\nexport default ghtml" })
    assert.deepEqual(violations, ['src/http/x.ts:1: ghtml is not a dependency. Add it to package.json.'])
  })

  test('a module of Node that touches the outside in a pure layer', () =>
    findsOne(
      { 'article/x.ts': "import { readFileSync } from 'node:fs'\nexport default readFileSync" },
      /article is pure and may not import node:fs/,
    ))

  test('a cycle, named once', () =>
    findsOne(
      {
        'related/a.ts': "import { b } from './b.ts'\nexport const a = () => b",
        'related/b.ts': "import { c } from './c.ts'\nexport const b = () => c",
        'related/c.ts': "import { a } from './a.ts'\nexport const c = () => a",
      },
      /related\/a\.ts -> related\/b\.ts -> related\/c\.ts -> related\/a\.ts/,
    ))

  test('a second reader of the environment', () =>
    findsOne(
      { 'store/x.ts': 'export const a = 1\nexport const b = process.env.HOME' },
      /^src\/store\/x\.ts:2: Only options\.ts reads process\.env/,
    ))

  for (const [code, word] of [
    ['Date.now()', 'Date.now'],
    ['new Date()', 'new Date'],
    ['performance.now()', 'performance'],
    ['setTimeout(() => {}, 1)', 'setTimeout'],
    ['Math.random()', 'Math.random'],
    ['process.pid', 'process'],
    ['`${`${Date.now()}`}`', 'Date.now'],
  ]) {
    test(`${code} in a pure layer`, () =>
      findsOne({ 'manager/x.ts': `export const a = ${code}` }, new RegExp(`manager is pure and may not touch ${word}`)))
  }

  test('a line to the console', () => findsOne({ 'http/x.ts': "console.log('x')" }, /Nothing writes to the console/))

  test('a barrel', () =>
    findsOne(
      { 'related/all.ts': "export * from './related.ts'" },
      /^src\/related\/all\.ts:1: It exports what \.\/related\.ts defines/,
    ))

  test('an index file in a folder', () =>
    findsOne({ 'related/index.ts': 'export const a = 1' }, /A folder has no index file/))

  test('a file called utils', () => findsOne({ 'related/utils.ts': 'export const a = 1' }, /Its name says nothing/))

  test('any as a type', () => {
    for (const code of ['const a: any = 1', 'const a = 1 as any', 'const a: Array<any> = []', 'type A = any[]']) {
      findsOne({ 'http/x.ts': `export ${code}` }, /any switches the checks off/)
    }
  })

  test('a file that belongs to no layer', () =>
    findsOne({ 'shop/shop.ts': 'export const a = 1' }, /belongs to no layer/))

  test('an import from outside src', () =>
    findsOne({ 'store/x.ts': "import p from '../../package.json'\nexport default p" }, /outside src\//))

  test('and what only looks like one is not', () => {
    const innocent = [
      "// import { limit } from '../manager/manager.ts'",
      "/* import('../http/server.ts'); Date.now(); any */",
      'export const a = "import x from \'../http/server.ts\'; console.log(1)"',
      "export const b = `import('../http/server.ts') ${a} any Date.now()`",
      'export const c = /import "fastify"; process.env/.test(a) ? 4 / 2 / 1 : 0',
      'export const d = (signals: AbortSignal[]) => AbortSignal.any(signals)',
      'export const e = new Date(0).getTime()',
      'export interface F { process(text: string): void; setTimeout: number }',
      'let any = 1\nany += 2\nexport const h = [any, any / 2]',
      'export const g = (f: F) => f.process(a)',
    ].join('\n')
    assert.deepEqual(violationsWith({ 'related/x.ts': innocent }), [])
  })
})

suite('reading imports', () => {
  test('tells values from types', () => {
    const source = [
      "import type { A } from './a.ts'",
      "import { type B, type C } from './b.ts'",
      "import { type D, e } from './d.ts'",
      "import type, { f } from './f.ts'",
      "import * as g from './g.ts'",
      "import './h.ts'",
      "export type { I } from './i.ts'",
      "export { j } from './j.ts'",
      "const k = await import('./k.ts')",
      'const l = import.meta.url',
      "import data from './m.json' with { type: 'json' }",
    ].join('\n')
    assert.deepEqual(
      readImports(source).map(
        ({ specifier, line, kind, isTypeOnly }) => `${line} ${specifier} ${kind}${isTypeOnly ? ' types' : ''}`,
      ),
      [
        '1 ./a.ts import types',
        '2 ./b.ts import types',
        '3 ./d.ts import',
        '4 ./f.ts import',
        '5 ./g.ts import',
        '6 ./h.ts import',
        '7 ./i.ts re-export types',
        '8 ./j.ts re-export',
        '9 ./k.ts dynamic',
        '11 ./m.json import',
      ],
    )
  })

  test('blanking keeps every position', () => {
    for (const [path, source] of readSources()) {
      const code = blankTexts(source)
      assert.equal(code.length, source.length, path)
      assert.equal(code.split('\n').length, source.split('\n').length, path)
    }
  })
})
