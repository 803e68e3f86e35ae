import { loadSample } from '../app.ts'
import { systemClock } from '../concurrency/clock.ts'
import { withDeadline } from '../concurrency/deadline.ts'
import { InvalidOptionError } from '../errors.ts'
import { type Options, resolveOption } from '../options.ts'
import type { WorkerOf } from '../readiness.ts'
import { openService, type Service } from '../service.ts'
import type { StoreStatus } from '../store/store.ts'
import { defaultStoreUrl, type ServeFlags } from './cli.ts'
import { serveWithWorkers } from './serve-workers.ts'
import { WorkerSide } from './worker-messages.ts'

/** Serves until `signal` aborts, then lets the requests under way finish; with `--workers`, in several processes. */
export async function serve(flags: ServeFlags, signal: AbortSignal): Promise<void> {
  const { worker, workers: givenWorkers, ...rest } = flags
  // A flag is text; options.ts checks it as it checks the environment.
  const workers = resolveOption('workers', givenWorkers as unknown as number)
  checkRole(resolveOption('role', rest.role as Options['role']), { workers, sample: rest.sample === true })
  if (worker !== undefined) return await serveAsWorker(rest, new WorkerSide(worker), workers, signal)
  if (workers > 1) return await serveWithWorkers({ ...rest, workers: String(workers) }, workers, signal)
  await using service = await open(rest, null)
  await prepare(service, rest, signal)
  say(await bannerOf(service, signal))
  await aborted(signal)
  if (service.app.options.logLevel !== 'silent') say('Stopping: requests under way are finished first.')
}

/** Said before anything is opened, and once for all workers. */
function checkRole(role: Options['role'], { workers, sample }: { workers: number; sample: boolean }): void {
  if (role === 'indexer' && workers > 1) {
    throw new InvalidOptionError(
      'One process keeps the rails of a store, so --role indexer takes no --workers. For a standby start the same command again, best on another machine.',
    )
  }
  if (role === 'web' && sample) {
    throw new InvalidOptionError(
      'A process with --role web keeps no rails, and the sample newsroom would have none. Load it with --role all first: onward serve --sample.',
    )
  }
}

/** One process of several: what it would say goes to the one that started it. */
async function serveAsWorker(flags: ServeFlags, side: WorkerSide, of: number, signal: AbortSignal): Promise<void> {
  try {
    await using service = await open(flags, { number: side.number, of })
    await prepare(service, flags, signal)
    await side.ready(await bannerOf(service, signal))
    await aborted(signal)
  } catch (error) {
    await side.failed(error)
    process.exitCode = 1
  } finally {
    side.leave()
  }
}

async function prepare({ app }: Service, { sample }: ServeFlags, signal: AbortSignal): Promise<void> {
  if (sample) await loadSampleIntoEmpty(app, signal)
}

/** What whoever starts it has to know; empty when nothing is to be said. */
async function bannerOf({ app, url }: Service, signal: AbortSignal): Promise<string> {
  const { rehearse, token, logLevel, role } = app.options
  const lines = rehearse === null ? [] : [rehearsalBanner(rehearse)]
  if (logLevel !== 'silent') {
    const status = await readStatus(app, signal)
    const articles = status?.articles
    const count = articles ? `${articles.visible} articles` : 'the articles'
    const does = role === 'indexer' ? 'keeps the rails of' : 'serves'
    lines.push(`onward ${does} ${count} ${role === 'indexer' ? 'in' : 'from'} ${app.store.location}\n\n    ${url}\n`)
    if (role === 'web' && status && (status.railsKeptUntil ?? 0) < systemClock.now())
      lines.push('Nobody keeps the rails of this store just now: start a process with --role indexer, or all.')
    if (articles?.visible === 0)
      lines.push('The store is empty. Fill it: onward ingest SOURCE, or start with --sample.')
    if (token === null)
      lines.push('Writes over HTTP are off: set ONWARD_TOKEN to a secret of at least 16 characters to allow them.')
    lines.push('Ctrl-C stops it.')
  }
  return lines.join('\n')
}

async function open({ sample: _sample, ...given }: ServeFlags, worker: WorkerOf | null): Promise<Service> {
  const options = {
    ...given,
    store: resolveOption('store', given.store) ?? defaultStoreUrl,
  } as unknown as Partial<Options>
  try {
    return await openService(options, { worker })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null
    if (code === 'EADDRINUSE') {
      throw new InvalidOptionError(
        `The port ${portOf(error)} is in use by another program. Stop that one, or name another port: onward serve --port 3001.`,
      )
    }
    if (code === 'EACCES' || code === 'EADDRNOTAVAIL') {
      throw new InvalidOptionError(
        `This address or port cannot be listened on (${code}). Name another: --host 127.0.0.1 --port 3000.`,
      )
    }
    throw error
  }
}

/** Node puts the port into the error. */
function portOf(error: unknown): string {
  return error instanceof Error && 'port' in error ? String(error.port) : ''
}

async function loadSampleIntoEmpty(app: Service['app'], signal: AbortSignal): Promise<void> {
  const status = await readStatus(app, signal)
  if (status === null) return
  const { articles } = status
  if (articles.visible + articles.hidden + articles.withdrawn > 0) return
  say('The store is empty: loading the sample newsroom.')
  await loadSample(app, signal)
}

/** Null, with a line that says why, when the store does not tell: it may come back, and then all is served. */
async function readStatus(app: Service['app'], signal: AbortSignal): Promise<StoreStatus | null> {
  try {
    return await withDeadline((stop) => app.soundStore.readStatus({ now: systemClock.now(), signal: stop }), {
      clock: systemClock,
      budgetMs: countBudgetMs,
      what: 'Counting the articles',
      signal,
    })
  } catch (error) {
    if (!signal.aborted) say(`The articles could not be counted: ${error instanceof Error ? error.message : error}`)
    return null
  }
}

// A count of a million articles on a cold disk takes a second or two.
const countBudgetMs = 5000

function rehearsalBanner(rehearse: string): string {
  const line = '!'.repeat(72)
  return `${line}\n!!  REHEARSAL: ${rehearse}\n!!  Readers feel this outage. Start without --rehearse and ONWARD_REHEARSE to end it.\n${line}`
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}

/** Everything that `serve` says is for whoever started it: standard error. */
function say(text: string): void {
  if (text === '') return
  process.stderr.write(`${text}\n`)
}
