import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { it } from 'node:test'
import type { Archive, ArchiveSource } from '../../src/report/archive.ts'
import { makeArchive } from '../../src/report/make-archive.ts'
import { makeReport } from '../../src/report/make-report.ts'
import { openSite, type Site } from '../../src/report/open-site.ts'
import { type ModeName, modeNames } from '../../src/report/report.ts'
import { type ReportSettings, reportSettings } from '../../src/report/report-settings.ts'
import type { Row } from '../../src/report/server/database-server.ts'
import { databaseServer } from '../../src/report/server/open-server.ts'
import { writeReport } from '../../src/report/write-report.ts'
import { openStore } from '../../src/store/open-store.ts'
import { onward, saidBy, start } from '../cli/run-onward.ts'
import { numberedArticle } from '../store/numbered-article.ts'
import type { DatabaseServer } from '../support/database-process.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const modes: readonly ModeName[] = ['blocking', 'concurrent', 'onward']

/** As `onward report --seconds 1`, and shorter. */
const tiny: ReportSettings = {
  ...reportSettings({ seconds: 1, modes }),
  incidents: ['database-gone'],
  seconds: 0.4,
  runs: 1,
  warmUpSeconds: 0.1,
  climbs: 1,
  ladderSeconds: 0.2,
  rateMax: 10,
  incidentWarmUpSeconds: 0.25,
  calmSeconds: 0.25,
  incidentSeconds: 0.25,
  recoverySeconds: 0.25,
}

/** What differs between the servers that the report is tested on. */
export interface TestedServer {
  readonly store: 'postgres' | 'mariadb'
  /** `PostgreSQL 15.14` */
  readonly version: RegExp
  /** Every database of the server, as `name`. */
  readonly databases: string
  /** Every table of the database, as `name`. */
  readonly tables: string
  /** Makes a role that may use the database of `url` and make no other; gives the URL for it. */
  readonly poorRole: (server: DatabaseServer, url: string) => Promise<string>
  /** What is said to grant it the right. */
  readonly grant: RegExp
}

/** What the report promises where it measures on a database server. */
export function serverReportTests(running: () => DatabaseServer, tested: TestedServer): void {
  const generated = { kind: 'generated', articles: 300, seed: 2 } as const

  async function ask(url: string, statement: string): Promise<readonly Row[]> {
    await using pool = (await databaseServer(url)).openPool(1)
    return await pool.use((query) => query(statement))
  }

  async function scratchDatabases(url: string): Promise<string[]> {
    const rows = await ask(url, tested.databases)
    return rows.map(({ name }) => String(name)).filter((name) => name.startsWith('onward_report_'))
  }

  async function archiveOn(url: string, folder: string, source: ArchiveSource = generated): Promise<Archive> {
    const watch = { signal: new AbortController().signal, onProgress: () => {} }
    return await makeArchive(source, { folder, on: source.kind === 'store' ? null : url }, watch)
  }

  it('measures on it, in a database of its own, and names it without saying where it is', async () => {
    const url = await running().createDatabase()
    await using folder = await temporaryFolder()
    {
      await using archive = await archiveOn(url, folder.path)
      assert.equal((await scratchDatabases(url)).length, 1)
      const report = await makeReport(archive, {
        settings: tiny,
        command: 'onward report --on URL',
        versions: { onward: '0.0.0', node: process.versions.node, sqlite: '0' },
        startedAtMs: Date.now(),
        signal: new AbortController().signal,
        onProgress: () => {},
        onFailure: (what, why) => assert.fail(`${what}: ${why}`),
      })
      assert.equal(report.partial, null, JSON.stringify(report.partial))
      assert.equal(report.data.store, tested.store)
      assert.equal(report.data.articles, 300)
      assert.match(report.versions.database ?? '', tested.version)
      for (const { mode, rates } of report.modes) {
        assert.ok(
          rates.flatMap(({ runs }) => runs).some(({ counts }) => counts.served > 0),
          mode,
        )
      }
      assert.deepEqual(
        report.incidents.map((incident) => incident.modes.map(({ mode }) => mode)),
        [modes],
      )
      const out = folder.file('out')
      await writeReport(report, out)
      const { host, port, pathname } = new URL(url)
      for (const name of await readdir(out)) {
        const text = await readFile(`${out}/${name}`, 'utf8')
        for (const secret of [host, `:${port}`, `@${host}`, `${pathname}<`, 'onward_report_', 'secret']) {
          assert.ok(!text.includes(secret), `${name} holds ${secret}`)
        }
        if (name !== 'chart.svg') assert.ok(text.includes(report.versions.database ?? '?'), name)
      }
    }
    assert.deepEqual(await scratchDatabases(url), [])
    assert.deepEqual(await ask(url, tested.tables), [], 'the database that the URL names was left alone')
  })

  it('serves a page in every mode, each on the articles as they were before the last', async () => {
    const url = await running().createDatabase()
    await using folder = await temporaryFolder()
    await using archive = await archiveOn(url, folder.path)
    const [id = ''] = archive.ids
    for (const mode of modeNames) {
      await using site = await openOn(archive, mode)
      assert.equal((await page(site, 'news')).status, 404, `${mode} shows what another site's readers published`)
      // On a busy machine the first rail may be late, and onward shows the page without.
      let shown = await page(site, id)
      while (shown.status === 200 && shown.rail !== 'fresh' && mode.startsWith('onward')) shown = await page(site, id)
      const { status, html, rail } = shown
      assert.equal(status, 200, mode)
      assert.equal(rail, 'fresh', mode)
      const related = [...html.slice(html.indexOf('<aside')).matchAll(/href="\/articles\/(g\d+)"/g)]
      assert.ok(mode.startsWith('onward') ? related.length >= 1 && related.length <= 6 : related.length === 6, mode)
      assert.ok(related.every(([, other]) => other !== id))
      const published = await fetch(`${site.url}/v1/articles/news`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify({ id: 'news', title: 'What is new', body: 'It happened a moment ago.', section: 'Wörld' }),
      })
      assert.equal(published.status, 201, mode)
      assert.match((await page(site, 'news')).html, /What is new/)
    }
  })

  it('its befores fail while the database is gone, hold the page while the related query hangs, and recover', async () => {
    const url = await running().createDatabase()
    await using folder = await temporaryFolder()
    await using archive = await archiveOn(url, folder.path)
    const [id = ''] = archive.ids
    for (const mode of ['blocking', 'concurrent'] as const) {
      await using site = await openOn(archive, mode)
      site.fault.plan('database-gone', Date.now(), Date.now() + 60_000)
      assert.equal((await page(site, id)).status, 500, mode)
      const until = Date.now() + 400
      site.fault.plan('rail-hangs', Date.now(), until)
      assert.equal((await page(site, id)).rail, 'fresh', mode)
      assert.ok(Date.now() >= until, mode)
      while (site.pending() > 0) await fetch(`${site.url}/healthz`).then((response) => response.text())
    }
    // Closed in the middle of it: nothing may keep the process.
    await using site = await openOn(archive, 'concurrent')
    site.fault.plan('rail-hangs', Date.now(), Date.now() + 60_000)
    const left = new AbortController()
    const given = fetch(`${site.url}/articles/${id}`, { signal: left.signal })
    while (site.pending() < 1) await fetch(`${site.url}/healthz`).then((response) => response.text())
    left.abort()
    await assert.rejects(given)
  })

  it('takes its articles from a store there, which is only read', async () => {
    const url = await running().createDatabase()
    await using folder = await temporaryFolder()
    const now = Date.now()
    {
      await using store = await openStore(url)
      await store.putArticles(
        Array.from({ length: 30 }, (_, number) => numberedArticle(number)),
        { now, republish: false },
      )
      await store.withdrawArticle('3', { now })
    }
    const before = await ask(url, tested.tables)
    {
      await using archive = await archiveOn(url, folder.path, { kind: 'store', url })
      assert.equal(archive.data.articles, 29)
      assert.ok(!archive.ids.includes('3'))
      assert.equal(archive.data.name, 'a store of its own')
    }
    assert.deepEqual(await ask(url, tested.tables), before)
    assert.deepEqual(await scratchDatabases(url), [])
    await using store = await openStore(url)
    const { articles, rails, lastSeq } = await store.readStatus({ now })
    assert.deepEqual(
      { articles, rails, lastSeq },
      { articles: { visible: 29, hidden: 0, withdrawn: 1 }, rails: 0, lastSeq: 31 },
    )
    const empty = await running().createDatabase()
    await assert.rejects(archiveOn(empty, folder.path, { kind: 'store', url: empty }), /There is no onward store/)
    assert.deepEqual(await ask(empty, tested.tables), [])
    assert.deepEqual(await scratchDatabases(url), [])
  })

  it('says which right is missing, and what grants it', async () => {
    const url = await tested.poorRole(running(), await running().createDatabase())
    await using folder = await temporaryFolder()
    const { code, err } = await onward(['report', '--on', url, '--articles', '20', '--seconds', '1'], folder)
    assert.equal(code, 2)
    assert.match(err, /may not create one\. Grant it: /)
    assert.match(err, tested.grant)
    assert.ok(!err.includes('secret'))
  })

  it('leaves no database behind when it is stopped, nor when it fails', async () => {
    const url = await running().createDatabase()
    await using folder = await temporaryFolder()
    for (const [said, code] of [
      [/making the full-text index|working out rails/, 130],
      [/blocking: the highest rate/, 130],
    ] as const) {
      const flags = ['--seconds', '1', '--articles', '300', '--modes', 'blocking', '--out', 'mine']
      const child = start(['report', '--on', url, ...flags], folder)
      await saidBy(child, said)
      child.kill('SIGINT')
      assert.deepEqual((await once(child, 'close'))[0], code)
      assert.deepEqual(await scratchDatabases(url), [], String(said))
    }
    assert.match(await readFile(folder.file('mine', 'report.md'), 'utf8'), tested.version)
    const source = { kind: 'source', name: folder.file('none.jsonl') } as const
    await assert.rejects(archiveOn(url, folder.path, source), /none\.jsonl/)
    assert.deepEqual(await scratchDatabases(url), [])
  })
}

const token = 'a-token-for-tests-alone'

async function openOn(archive: Archive, mode: ModeName): Promise<Site> {
  return await openSite({ mode, store: await archive.freshStore(new AbortController().signal), token })
}

async function page(site: Site, id: string) {
  const response = await fetch(`${site.url}/articles/${id}`)
  const html = await response.text()
  return { status: response.status, html, rail: /data-related-state="([a-z]+)"/.exec(html)?.[1] }
}
