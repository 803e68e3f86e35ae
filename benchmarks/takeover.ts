/**
 * The claim: when the process that keeps the rails is killed (-9), or stands still for longer than its lease, a standby keeps them
 * within 10 s; one that wakes up writes nothing and stands by; the rails are those of a rebuild afterwards.
 *
 *     node benchmarks/takeover.ts [--on postgres,mariadb] [--plays 10] [--json]
 *
 * A leader and a standby, each `onward serve --role indexer` in a process of its own, on a database that is started for this. In the
 * midst of working in 100 articles the leader is killed, or stopped with SIGSTOP and woken up once the standby has taken over. What is
 * played is `test/support/takeover.ts`. Exit code 1 where something is not so.
 */
import { parseArgs } from 'node:util'
import { startMariadb } from '../test/support/mariadb-server.ts'
import { startPostgres } from '../test/support/postgres-server.ts'
import { articlesPerPlay, playTakeover, type Takeover } from '../test/support/takeover.ts'
import { machine } from './support/machine.ts'
import { quantile } from './support/open-loop.ts'

const { values } = parseArgs({
  options: {
    on: { type: 'string', default: 'postgres,mariadb' },
    plays: { type: 'string', default: '10' },
    json: { type: 'boolean', default: false },
  },
})
const plays = Number(values.plays)
const withinMs = 10_000
const rows: Array<{ readonly store: string; readonly takeovers: readonly Takeover[] }> = []
for (const name of values.on.split(',')) {
  await using server = name === 'mariadb' ? await startMariadb() : await startPostgres()
  for (const fault of ['killed', 'paused'] as const) {
    const takeovers: Takeover[] = []
    for (let play = 0; play < plays; play++) {
      process.stderr.write(`\r${name}, ${fault}: ${play + 1} of ${plays}`)
      const url = await server.createDatabase()
      takeovers.push(await playTakeover(url, { fault, firstNumber: play * articlesPerPlay }))
    }
    rows.push({ store: name, takeovers })
  }
}
process.stderr.write('\n')
process.stdout.write(values.json ? `${JSON.stringify({ plays, machine: machine(), rows }, null, 2)}\n` : table())
const isAsClaimed = ({ tookMs, wrongRails, standsBy }: Takeover) => tookMs < withinMs && wrongRails === 0 && standsBy
if (!rows.every(({ takeovers }) => takeovers.every(isAsClaimed))) process.exitCode = 1

function table(): string {
  const lines = [`${plays} plays each; times from the fault, in seconds. ${machine()}`]
  for (const { store, takeovers } of rows) {
    const [first] = takeovers
    if (!first) continue
    const seconds = (of: (takeover: Takeover) => number) => {
      const times = takeovers.map(of).toSorted((a, b) => a - b)
      return `p50 ${(quantile(times, 0.5) / 1000).toFixed(1)}, max ${(quantile(times, 1) / 1000).toFixed(1)}`
    }
    const sum = (of: (takeover: Takeover) => number) => takeovers.reduce((total, takeover) => total + of(takeover), 0)
    const reasons = Map.groupBy(takeovers, ({ because }) => because ?? 'it was killed')
    lines.push(
      `${store}, leader ${first.fault}: another leads ${seconds(({ tookMs }) => tookMs)}; new articles are worked in ${seconds(({ workedInMs }) => workedInMs)}`,
      `  rails that are not those of a rebuild: ${sum(({ wrongRails }) => wrongRails)} of ${sum(({ rails }) => rails)}`,
      ...(first.fault === 'paused'
        ? [
            `  woken up, it led no longer because: ${[...reasons].map(([because, all]) => `${because} ${all.length}`).join(', ')}; stood by ${takeovers.filter(({ standsBy }) => standsBy).length} of ${plays}`,
          ]
        : []),
    )
  }
  return `${lines.join('\n')}\n`
}
