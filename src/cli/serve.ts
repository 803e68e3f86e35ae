import { loadSample } from '../app.ts'
import { systemClock } from '../concurrency/clock.ts'
import { withDeadline } from '../concurrency/deadline.ts'
import { InvalidOptionError } from '../errors.ts'
import { type Options, resolveOption } from '../options.ts'
import { openService, type Service } from '../service.ts'
import type { StoreStatus } from '../store/store.ts'
import { defaultStoreUrl, type ServeFlags } from './cli.ts'

/** Serves until `signal` aborts, then lets the requests under way finish. */
export async function serve(flags: ServeFlags, signal: AbortSignal): Promise<void> {
  const { sample, ...given } = flags
  // A flag is text; options.ts checks it as it checks the environment.
  const options = {
    ...given,
    store: resolveOption('store', given.store) ?? defaultStoreUrl,
  } as unknown as Partial<Options>
  await using service = await open(options)
  const { app, url } = service
  const { rehearse, token, logLevel } = app.options
  if (rehearse !== null) say(rehearsalBanner(rehearse))
  if (sample) await loadSampleIntoEmpty(app, signal)
  const articles = await countArticles(app, signal)
  if (logLevel !== 'silent') {
    const count = articles === null ? 'the articles' : `${articles.visible} articles`
    say(`onward serves ${count} from ${app.store.location}\n\n    ${url}\n`)
    if (articles?.visible === 0) say('The store is empty. Fill it: onward ingest SOURCE, or start with --sample.')
    if (token === null)
      say('Writes over HTTP are off: set ONWARD_TOKEN to a secret of at least 16 characters to allow them.')
    say('Ctrl-C stops it.')
  }
  await aborted(signal)
  if (logLevel !== 'silent') say('Stopping: requests under way are finished first.')
}

async function open(options: Partial<Options>): Promise<Service> {
  try {
    return await openService(options)
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
  const articles = await countArticles(app, signal)
  if (articles === null || articles.visible + articles.hidden + articles.withdrawn > 0) return
  say('The store is empty: loading the sample newsroom.')
  await loadSample(app, signal)
}

/** Null, with a line that says why, when the store does not tell: it may come back, and then all is served. */
async function countArticles(app: Service['app'], signal: AbortSignal): Promise<StoreStatus['articles'] | null> {
  try {
    const { articles } = await withDeadline(
      (stop) => app.soundStore.readStatus({ now: systemClock.now(), signal: stop }),
      { clock: systemClock, budgetMs: countBudgetMs, what: 'Counting the articles', signal },
    )
    return articles
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
  process.stderr.write(`${text}\n`)
}
