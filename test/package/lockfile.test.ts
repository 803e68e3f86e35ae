import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'

interface LockedPackage {
  readonly version?: string
  readonly resolved?: string
  readonly integrity?: string
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const lock = readJson('../../package-lock.json') as { packages: Record<string, LockedPackage> }

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'))
}

suite('the lockfile', () => {
  test('says what package.json says', () => {
    const manifest = readJson('../../package.json') as Record<string, unknown>
    const root = lock.packages[''] as Record<string, unknown>
    for (const key of ['version', 'dependencies', 'devDependencies', 'peerDependencies', 'engines']) {
      assert.deepEqual(root[key], manifest[key], `${key} differ: run npm install --package-lock-only`)
    }
  })

  test('names no registry, and a checksum for every package', () => {
    for (const [path, { resolved, integrity }] of Object.entries(lock.packages)) {
      assert.equal(resolved, undefined, `${path} names where it came from`)
      if (path !== '') assert.match(integrity ?? '', /^sha512-/, `${path} has no checksum`)
    }
  })

  test('has an entry for each platform of each package, without which newer versions of npm refuse to install', () => {
    const missing = Object.entries(lock.packages).flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies)
        .filter((name) => !resolves(path, name))
        .map((name) => `${name} of ${path}`),
    )
    assert.deepEqual(missing, [])
  })
})

/** Whether `name` is found from `path` as Node looks for it: in its own node_modules, then in those above. */
function resolves(path: string, name: string): boolean {
  for (let folder = path; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('node_modules/') - 1))) {
    if (`${folder === '' ? '' : `${folder}/`}node_modules/${name}` in lock.packages) return true
    if (folder === '') return false
  }
}
