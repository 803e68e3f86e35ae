/**
 * The claim: an article that was acknowledged is there after the process that stored it was killed (-9), on every store; an
 * article is stored with its change row or not at all; and the rails are those of a rebuild in the end.
 *
 *     node benchmarks/killed-writer.ts [--stores sqlite,postgres,mariadb] [--kills 200] [--json]
 *
 * A process keeps the rails of a store, publishes one article after the other into it and writes down each that is acknowledged. It
 * is killed at a moment by chance, up to `--within` (300) milliseconds after its first; then every acknowledged article is read, and
 * the lease that it held is taken away, so that the next one leads at once. All of a store's kills happen on one store. PostgreSQL and
 * MariaDB are started for this, in a temporary folder; they are not killed themselves. Exit code 1 where something is not so.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { isDeepStrictEqual, parseArgs } from 'node:util'
import { openApp } from '../src/app.ts'
import { systemClock } from '../src/concurrency/clock.ts'
import { seededRandom } from '../src/generate/seeded-random.ts'
import { waitUntilIndexed } from '../src/indexer/wait-until-indexed.ts'
import { openStore, temporaryStoreFolder } from '../src/store/open-store.ts'
import { railsLease, type Store } from '../src/store/store.ts'
import { startMariadb } from '../test/support/mariadb-server.ts'
import { startPostgres } from '../test/support/postgres-server.ts'
import { railsAndRebuild } from '../test/support/story-articles.ts'
import { machine } from './support/machine.ts'

const { values } = parseArgs({
  options: {
    stores: { type: 'string', default: 'sqlite,postgres,mariadb' },
    kills: { type: 'string', default: '200' },
    within: { type: 'string', default: '300' },
    json: { type: 'boolean', default: false },
  },
})
const [kills, withinMs] = [Number(values.kills), Number(values.within)]
const publisher = new URL('../test/store/publish-until-killed.ts', import.meta.url)
const random = seededRandom(1)
/** Later than what the publisher says it is. */
const now = 1_793_000_001_000
const rows: Row[] = []
for (const name of values.stores.split(',')) rows.push(await killed(name))
if (rows.some(({ lost, torn, wrongRails }) => lost + torn + wrongRails > 0)) process.exitCode = 1
process.stdout.write(values.json ? `${JSON.stringify({ kills, machine: machine(), rows }, null, 2)}\n` : table())

interface Row {
  readonly store: string
  readonly acknowledged: number
  /** Acknowledged, and not there afterwards. */
  readonly lost: number
  /** Visible articles and change rows that are not the same number: one was stored without the other. */
  readonly torn: number
  /** Articles, of all, whose rail is not that of a rebuild once the rest was worked out. */
  readonly rails: number
  readonly wrongRails: number
}

async function killed(name: string): Promise<Row> {
  await using opening = new AsyncDisposableStack()
  const url = await storeToKillAt(name, opening)
  const row = { store: name, acknowledged: 0, lost: 0, torn: 0, rails: 0, wrongRails: 0 }
  for (let kill = 0; kill < kills; kill++) {
    const ids = await publishedUntilKilled(url, random() * withinMs, kill)
    await using store = await openStore(url)
    row.acknowledged += ids.length
    for (const id of ids) if ((await store.readArticle(id, { now })).state !== 'found') row.lost++
    const { articles, lastSeq } = await store.readStatus({ now })
    if (articles.visible !== lastSeq) row.torn++
    await takeLeaseAway(store)
    process.stderr.write(`\r${name}: ${kill + 1} of ${kills} kills, ${row.acknowledged} articles acknowledged`)
  }
  process.stderr.write('\n')
  await using app = await openApp({ store: url, role: 'all' })
  await waitUntilIndexed(app.store, { clock: systemClock })
  const { stored, rebuilt } = await railsAndRebuild(app.store)
  const ids = Object.keys(stored)
  row.rails = ids.length
  row.wrongRails = ids.filter((id) => !isDeepStrictEqual(stored[id], rebuilt[id] ?? [])).length
  return row
}

/** Who was killed holds it for some seconds more, in which nobody would work out rails. */
async function takeLeaseAway(store: Store): Promise<void> {
  const lease = { name: railsLease, holder: 'benchmark' }
  await store.takeLease({ ...lease, forMs: 1, now: Date.now() + 60_000 })
  await store.releaseLease(lease)
}

async function storeToKillAt(name: string, opening: AsyncDisposableStack): Promise<string> {
  if (name === 'postgres') return await opening.use(await startPostgres()).createDatabase()
  if (name === 'mariadb') return await opening.use(await startMariadb()).createDatabase()
  return opening.use(await temporaryStoreFolder()).url
}

async function publishedUntilKilled(url: string, afterMs: number, round: number): Promise<string[]> {
  const child = spawn(process.execPath, [publisher.pathname, url, String(round * 400), 'keeping-rails'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  const acknowledged: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    acknowledged.push(line)
    if (acknowledged.length === 1) void pause(afterMs).then(() => child.kill('SIGKILL'))
  }
  await exited
  return acknowledged
}

function table(): string {
  return [
    `${kills} kills of a publishing process on each store, up to ${withinMs} ms after its first article. ${machine()}`,
    `${'store'.padEnd(12)}${['acknowledged', 'lost', 'torn', 'rails', 'not of a rebuild'].map((title) => title.padStart(18)).join('')}`,
    ...rows.map(({ store, ...counted }) => {
      const { acknowledged, lost, torn, rails, wrongRails } = counted
      return `${store.padEnd(12)}${[acknowledged, lost, torn, rails, wrongRails].map((count) => String(count).padStart(18)).join('')}`
    }),
    '',
  ].join('\n')
}
