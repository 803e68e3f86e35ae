import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { cp, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts'
import { runCommand, runNpm } from './npm.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
/** Nothing else of the clone is needed to make the package. */
const ingredients = [
  'package.json',
  'README.md',
  'LICENSE',
  'CHANGELOG.md',
  'tsconfig.json',
  'tsconfig.build.json',
].concat(['bin', 'sample', 'src'])

suite('the package', { timeout: 170_000 }, () => {
  let folder: TemporaryFolder
  let files: string[]
  /** Why it could not be installed although nothing is wrong with it. */
  let notInstalled: string | null = null

  before(async () => {
    folder = await temporaryFolder()
    files = await pack(folder)
    notInstalled = await install(folder)
  })

  after(() => folder[Symbol.asyncDispose]())

  test('holds what runs, its types and what is read, and nothing else', () => {
    const expected =
      /^(?:package\.json|README\.md|LICENSE|CHANGELOG\.md|bin\/onward\.js|dist\/.+\.(?:js|d\.ts)|sample\/.+)$/
    assert.deepEqual(
      files.filter((path) => !expected.test(path)),
      [],
    )
    for (const path of [
      'LICENSE',
      'README.md',
      'bin/onward.js',
      'dist/index.js',
      'dist/index.d.ts',
      'dist/cli/cli.js',
    ]) {
      assert.ok(files.includes(path), `${path} is missing`)
    }
  })

  test('has a file behind each of its exports', async () => {
    const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
    const targets = Object.values<string | Record<string, string>>(manifest.exports).flatMap((target) =>
      typeof target === 'string' ? [target] : Object.values(target),
    )
    for (const target of targets) assert.ok(files.includes(target.replace(/^\.\//, '')), `${target} is missing`)
  })

  test('holds no compiled file that looks for a TypeScript source', async () => {
    const compiled = files.filter((path) => path.endsWith('.js') && path.startsWith('dist/'))
    for (const path of compiled) {
      const source = await readFile(folder.file('clone', path), 'utf8')
      assert.doesNotMatch(source, /(?:from|import|import\(|new URL\()\s*['"]\.[^'"\n]*\.ts['"]/, path)
    }
  })

  test('serves the sample newsroom to a program that has just imported it', async (context) => {
    if (notInstalled !== null) return context.skip(notInstalled)
    await writeFile(
      folder.file('site', 'program.js'),
      `import { ArticleManager, ArticleNotFoundError } from 'onward'
       const manager = new ArticleManager()
       await manager.openConnection()
       const page = await manager.handleRequest({ articleId: 1 })
       const rail = await manager.fetchRelatedArticles(1)
       const missing = await manager.handleRequest({ articleId: 'no-such-article' }).catch((error) => error)
       await manager.closeConnection()
       console.log(JSON.stringify({
         id: page.article.id, state: page.related.state, isRail: Array.isArray(page.relatedArticles), rail: rail.length,
         missing: missing instanceof ArticleNotFoundError && missing.code, connection: manager.connection,
       }))`,
    )
    const { code, stdout, stderr } = await runCommand(process.execPath, ['program.js'], { cwd: folder.file('site') })
    assert.equal(code, 0, stderr)
    const { rail, ...said } = JSON.parse(stdout)
    assert.deepEqual(said, { id: '1', state: 'fresh', isRail: true, missing: 'ARTICLE_NOT_FOUND', connection: null })
    assert.ok(rail > 0, 'the rail is empty')
  })

  test('puts its command where npx finds it', async (context) => {
    if (notInstalled !== null) return context.skip(notInstalled)
    const options = { cwd: folder.file('site') }
    const { code, stdout, stderr } = await runNpm(['exec', '--no', '--', 'onward', '--help'], options)
    assert.equal(code, 0, stderr)
    assert.match(stdout, /\bserve\b.*\bingest\b.*\brelated\b/s)
  })

  test('works through articles in its threads, from a file to the rails', async (context) => {
    if (notInstalled !== null) return context.skip(notInstalled)
    const articles = [
      {
        id: 'a',
        title: 'Ferry Aurelia runs aground off Halvern',
        body: 'The ferry Aurelia ran aground off Halvern in thick fog.',
      },
      {
        id: 'b',
        title: 'Halvern: ferry Aurelia towed to port',
        body: 'Tugs towed the ferry Aurelia off the rocks to Halvern port.',
      },
      {
        id: 'c',
        title: 'Inquiry into the ferry Aurelia opens',
        body: 'An inquiry into how the ferry Aurelia hit rocks off Halvern.',
      },
      ...Array.from({ length: 12 }, (_, index) => ({
        id: `other-${index}`,
        title: `Council minutes ${index}`,
        body: `Budget item ${index * 7}: benches, lamps, drains and permits for street ${index}.`,
      })),
    ].map((article) => JSON.stringify({ ...article, language: 'en', publishedAt: '2026-11-02T09:30:00Z' }))
    await writeFile(folder.file('site', 'articles.jsonl'), `${articles.join('\n')}\n`)
    const command = join('node_modules', 'onward', 'bin', 'onward.js')
    const args = [command, 'related', 'articles.jsonl', '--all', '--format', 'jsonl']
    const { code, stdout, stderr } = await runCommand(process.execPath, args, { cwd: folder.file('site') })
    assert.equal(code, 0, stderr)
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    assert.equal(lines.length, articles.length)
    const related = lines.find(({ id }) => id === 'a').related.map(({ id }: { id: string }) => id)
    assert.deepEqual(related.slice(0, 2).sort(), ['b', 'c'])
  })

  test('tells a TypeScript program its types', async (context) => {
    if (notInstalled !== null) return context.skip(notInstalled)
    await writeFile(
      folder.file('site', 'program.ts'),
      `import { ArticleManager, type OnwardError, type RelatedArticle } from 'onward'
       import { createHandler } from 'onward/handler'
       import { onwardPlugin } from 'onward/fastify'
       type IsAny<T> = 0 extends 1 & T ? true : false
       // A declaration that leads nowhere makes everything any, and any hides every mistake.
       export const known: [IsAny<ArticleManager>, IsAny<RelatedArticle>, IsAny<OnwardError['code']>, IsAny<typeof createHandler>, IsAny<typeof onwardPlugin>] =
         [false, false, false, false, false]
       export async function titles(): Promise<string[]> {
         await using manager = await ArticleManager.open({ store: 'sqlite:news.db' })
         const page = await manager.handleRequest({ articleId: 1 })
         // @ts-expect-error: an article has no headline
         page.article.headline
         return [page.article.title, page.related.state, ...page.relatedArticles.map(({ title }) => title)]
       }`,
    )
    await writeFile(
      folder.file('site', 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: {
          target: 'esnext',
          module: 'nodenext',
          strict: true,
          noEmit: true,
          skipLibCheck: true,
          types: ['node'],
          typeRoots: [join(root, 'node_modules', '@types')],
        },
        files: ['program.ts'],
      }),
    )
    const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
    const { code, stdout } = await runCommand(process.execPath, [compiler, '-p', '.'], { cwd: folder.file('site') })
    assert.equal(code, 0, stdout)
  })
})

/** Packs a copy of the clone, so that a run beside this one cannot meet a half-built dist/, and gives the packed paths. */
async function pack(folder: TemporaryFolder): Promise<string[]> {
  const clone = folder.file('clone')
  for (const name of ingredients) await cp(join(root, name), join(clone, name), { recursive: true })
  await symlink(join(root, 'node_modules'), join(clone, 'node_modules'), 'junction')
  const { code, stdout, stderr } = await runNpm(['pack', '--loglevel=error', '--pack-destination', folder.path], {
    cwd: clone,
  })
  assert.equal(code, 0, `${stdout}\n${stderr}`)
  const [tarball] = (await readdir(folder.path)).filter((name) => name.endsWith('.tgz'))
  assert.ok(tarball !== undefined, 'npm pack made no tarball')
  const listed = await runCommand('tar', ['-tzf', folder.file(tarball)], { cwd: folder.path })
  assert.equal(listed.code, 0, listed.stderr)
  return listed.stdout
    .trim()
    .split('\n')
    .map((path) => path.replace(/^package\//, ''))
}

/** Installs the tarball into an empty folder. Null when it is there, else why the network kept it from being so. */
async function install(folder: TemporaryFolder): Promise<string | null> {
  const site = folder.file('site')
  const [tarball] = (await readdir(folder.path)).filter((name) => name.endsWith('.tgz'))
  await cp(folder.file(tarball ?? ''), join(site, 'onward.tgz'))
  await writeFile(join(site, 'package.json'), JSON.stringify({ name: 'site', private: true, type: 'module' }))
  const args = ['install', './onward.tgz', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error']
  const { code, stdout, stderr } = await runNpm(args, { cwd: site, timeoutMs: 120_000 })
  if (code === 0) {
    assert.ok(existsSync(join(site, 'node_modules', 'onward', 'dist', 'index.js')), 'npm installed it without dist/')
    return null
  }
  const isOffline = /\b(?:ENOTFOUND|ECONNREFUSED|ECONNRESET|EAI_AGAIN|ETIMEDOUT|ENETUNREACH|ENOTCACHED)\b/.test(stderr)
  assert.ok(isOffline, `${stdout}\n${stderr}`)
  return 'The registry cannot be reached, so the packed package could not be installed into an empty folder.'
}
