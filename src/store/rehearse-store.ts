import type { Clock } from '../concurrency/clock.ts'
import { InvalidOptionError, StoreUnavailableError } from '../errors.ts'
import type { Store } from './store.ts'

/** What is made to go wrong, by the kind of work: see {@link parseRehearsal}. */
export type RehearsalPlan = Readonly<Partial<Record<RehearsalPart, RehearsedFault>>>

/** `article` and `rail` are lanes of reading, `background` is all other reading; `write` is all that changes something. */
export type RehearsalPart = (typeof parts)[number]

export type RehearsedFault =
  /** Rejects at once with `StoreUnavailableError`. */
  | { readonly kind: 'fail' }
  /** Answers nothing until the caller gives up. */
  | { readonly kind: 'hang' }
  /** Answers as it would, this many milliseconds later. */
  | { readonly kind: 'slow'; readonly delayMs: number }

const parts = ['article', 'rail', 'background', 'write'] as const
const delayMsMax = 10 * 60_000

/**
 * Reads what is to be rehearsed: `rail=slow:2000`, `article=slow:200`, `rail=fail`, `rail=hang`, `store=down`, parted by
 * commas. `store` stands for every part that is not named; `down` is another word for `fail`.
 *
 * @throws InvalidOptionError that names what is accepted
 */
export function parseRehearsal(text: string): RehearsalPlan {
  const faults = new Map<string, RehearsedFault>()
  for (const entry of text.split(',').map((part) => part.trim())) {
    if (entry === '') continue
    const [part = '', fault = '', ...more] = entry.split('=').map((word) => word.trim().toLowerCase())
    if (more.length > 0 || (part !== 'store' && !parts.some((known) => known === part))) {
      throw misunderstood(entry, `the part is one of ${parts.join(', ')}, or store for all of them`)
    }
    if (faults.has(part)) throw misunderstood(entry, `${part} is named twice`)
    faults.set(part, parseFault(entry, fault))
  }
  if (faults.size === 0) throw misunderstood(text, 'it names nothing to rehearse')
  const rest = faults.get('store')
  return Object.fromEntries(
    parts.flatMap((part) => {
      const fault = faults.get(part) ?? rest
      return fault ? [[part, fault] as const] : []
    }),
  )
}

function parseFault(entry: string, fault: string): RehearsedFault {
  if (fault === 'fail' || fault === 'down') return { kind: 'fail' }
  if (fault === 'hang') return { kind: 'hang' }
  const delay = /^slow:(\d{1,9})(?:ms)?$/.exec(fault)?.[1]
  if (delay === undefined) throw misunderstood(entry, 'what goes wrong is fail, hang, down, or slow:MILLISECONDS')
  const delayMs = Number(delay)
  if (delayMs > delayMsMax) throw misunderstood(entry, `a delay is at most ${delayMsMax} ms`)
  return { kind: 'slow', delayMs }
}

function misunderstood(entry: string, why: string): InvalidOptionError {
  return new InvalidOptionError(
    `The rehearsal ${JSON.stringify(entry)} was not understood: ${why}. An example: rail=slow:2000,article=slow:200.`,
  )
}

/**
 * A store in which an operator's outage happens: what `plan` does not name goes straight through.
 *
 * Closing it closes `store` and rejects what hangs.
 *
 * @param plan a plan that stands, or a function that gives the one of the moment: an outage that begins and ends
 */
export function rehearseStore(store: Store, plan: RehearsalPlan | (() => RehearsalPlan), clock: Clock): Store {
  const planNow = typeof plan === 'function' ? plan : () => plan
  // A set and not an AbortSignal: thousands may hang at a time, and that many listeners on one signal bring a warning.
  const hanging = new Set<(reason: Error) => void>()
  let closed = false

  async function rehearsed<Result>(
    part: RehearsalPart,
    signal: AbortSignal | undefined,
    work: () => Promise<Result>,
  ): Promise<Result> {
    const fault = planNow()[part]
    if (!fault) return await work()
    signal?.throwIfAborted()
    if (fault.kind === 'fail') throw new StoreUnavailableError(`Rehearsal: the store's ${part} part is down.`)
    await held(fault.kind === 'slow' ? fault.delayMs : null, signal)
    return await work()
  }

  /** Waits `delayMs`, or for ever when it is null; an abort or the end of the store rejects. */
  function held(delayMs: number | null, signal: AbortSignal | undefined): Promise<void> {
    if (closed) return Promise.reject(closedError())
    return new Promise((resolve, reject) => {
      const forget = () => {
        stopTimer()
        signal?.removeEventListener('abort', onAbort)
        hanging.delete(stop)
      }
      const stop = (reason: unknown) => {
        forget()
        reject(reason)
      }
      const onAbort = () => stop(signal?.reason)
      const onDelayOver = () => {
        forget()
        resolve()
      }
      const stopTimer = delayMs === null ? () => {} : clock.after(delayMs, onDelayOver)
      signal?.addEventListener('abort', onAbort, { once: true })
      hanging.add(stop)
    })
  }

  const closedError = () => new StoreUnavailableError(`The store ${store.location} is closed.`)

  return {
    kind: store.kind,
    location: store.location,
    readArticle: (id, options) => rehearsed('article', options.signal, () => store.readArticle(id, options)),
    readNewestId: (options) => rehearsed('article', options.signal, () => store.readNewestId(options)),
    readRail: (id, options) => rehearsed('rail', options.signal, () => store.readRail(id, options)),
    readStory: (id, options) => rehearsed('background', options.signal, () => store.readStory(id, options)),
    listArticles: (options) => rehearsed('background', options.signal, () => store.listArticles(options)),
    listSections: (options) => rehearsed('background', options.signal, () => store.listSections(options)),
    readChanges: (options) => rehearsed('background', options.signal, () => store.readChanges(options)),
    readChangedIds: (options) => rehearsed('background', options.signal, () => store.readChangedIds(options)),
    readRailChanges: (options) => rehearsed('background', options.signal, () => store.readRailChanges(options)),
    readIndexPage: (options) => rehearsed('background', options.signal, () => store.readIndexPage(options)),
    readStatus: (options) => rehearsed('background', options.signal, () => store.readStatus(options)),
    putArticles: (batch, options) => rehearsed('write', options.signal, () => store.putArticles(batch, options)),
    withdrawArticle: (id, options) => rehearsed('write', options.signal, () => store.withdrawArticle(id, options)),
    liftEmbargoes: (options) => rehearsed('write', options.signal, () => store.liftEmbargoes(options)),
    writeRails: (write) => rehearsed('write', undefined, () => store.writeRails(write)),
    takeLease: (lease) => rehearsed('write', undefined, () => store.takeLease(lease)),
    releaseLease: (lease) => rehearsed('write', undefined, () => store.releaseLease(lease)),
    async [Symbol.asyncDispose]() {
      closed = true
      for (const stop of hanging) stop(closedError())
      await store[Symbol.asyncDispose]()
    },
  }
}
