/**
 * Plays simulations, and says of each that breaks a promise how to see it again: `npm run simulate`.
 *
 *   npm run simulate -- --seeds 100000            seeds 0 to 99,999, on all cores
 *   npm run simulate -- --seeds 1000 --from 5000
 *   npm run simulate -- --seed 42 --trace         one, with all that happens in it
 *
 * Ends with 0 when every promise was kept, else 1.
 */
import { availableParallelism, cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { playSeeds } from './play-seeds.ts'
import { simulate } from './simulate.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '0' },
    seed: { type: 'string' },
    trace: { type: 'boolean', default: false },
    threads: { type: 'string', default: String(availableParallelism()) },
  },
})
process.exitCode = values.seed === undefined ? await playMany() : await playOne(wholeNumber('seed', values.seed))

async function playOne(seed: number): Promise<number> {
  const { violation } = await simulate(seed, values.trace ? print : undefined)
  print(`seed ${seed}: ${violation ?? 'every promise was kept'}`)
  return violation === null ? 0 : 1
}

async function playMany(): Promise<number> {
  const seeds = wholeNumber('seeds', values.seeds)
  const from = wholeNumber('from', values.from)
  const threads = Math.max(1, wholeNumber('threads', values.threads))
  const startedAt = performance.now()
  const took = () => (performance.now() - startedAt) / 1000
  let shown = 0
  let saidAt = 0
  const { played, violations, counts } = await playSeeds({
    from,
    seeds,
    threads,
    onProgress(sum) {
      for (const { seed, violation } of sum.violations.slice(shown)) {
        print(`✖ seed ${seed}: ${violation}\n  npm run -s simulate -- --seed ${seed} --trace`)
      }
      shown = sum.violations.length
      if (took() - saidAt < 5) return
      saidAt = took()
      print(`  ${sum.played} of ${seeds} seeds, ${Math.round(sum.played / took())} a second`)
    },
  })
  for (const [what, count] of Object.entries(counts).sort()) print(`  ${what}: ${count}`)
  const rate = `${took().toFixed(1)} s, ${Math.round(played / took())} a second on ${threads} threads`
  print(`${played} seeds, ${violations.length} violations, ${rate}`)
  print(`${availableParallelism()} cores (${cpus()[0]?.model.trim()}), Node ${process.versions.node}`)
  return violations.length === 0 && played === seeds ? 0 : 1
}

function wholeNumber(name: string, text: string): number {
  if (/^\d{1,10}$/.test(text)) return Number(text)
  throw new Error(`--${name} is ${JSON.stringify(text)}; expected a whole number.`)
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
