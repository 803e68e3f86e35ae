/**
 * Does `work` for each item, at most `concurrency` at a time, and gives the results in the order of the items.
 *
 * - It is pulled: the source is read only `concurrency` items ahead of the consumer, so memory is bounded however long
 *   the source is, and a slow consumer slows the source. `await Array.fromAsync(mapConcurrent(...))` takes them all.
 * - An async source is asked for one item at a time.
 * - The first failure, of the work or of the source, ends it as soon as it happens, even while an earlier item is still
 *   at work: the others' signal aborts, their outcomes are dropped, the source is closed. The consumer is told at its
 *   next step. So does an abort of `signal`, and so does leaving the loop early.
 * - It does not wait for stopped work to notice: work that must be over before the caller goes on has to be awaited by
 *   the caller.
 *
 * Nothing runs before the first step of the consumer.
 *
 * @throws what `work` or the source threw first
 * @throws the reason of `signal`
 */
export async function* mapConcurrent<Item, Result>(
  items: Iterable<Item> | AsyncIterable<Item>,
  work: (item: Item, signal: AbortSignal) => Promise<Result>,
  options: MapConcurrentOptions,
): AsyncGenerator<Result, void, undefined> {
  const { concurrency, signal } = options
  if (!Number.isInteger(concurrency) || concurrency < 1) {
    throw new RangeError(`concurrency must be a whole number from 1; it is ${concurrency}.`)
  }
  signal?.throwIfAborted()

  const stop = new AbortController()
  const source = iteratorOf(items)
  // Results in the order of the items, from the first that the consumer has not had yet.
  const begun: Array<Slot<Result>> = []
  // Asserted, not annotated: what an assignment narrows stays narrowed, though the callbacks below change it.
  let sourceState = 'idle' as SourceState
  let failure = null as { readonly reason: unknown } | null
  let wakeConsumer: () => void = () => {}

  const fail = (reason: unknown) => {
    if (failure || stop.signal.aborted) return
    failure = { reason }
    wakeConsumer()
    stop.abort(reason)
  }
  const onAbort = () => fail(signal?.reason)
  signal?.addEventListener('abort', onAbort, { once: true })

  const readOn = () => {
    if (sourceState !== 'idle' || stop.signal.aborted || begun.length >= concurrency) return
    sourceState = 'reading'
    attempt(() => source.next()).then(
      (step) => {
        sourceState = step.done ? 'ended' : 'idle'
        if (!step.done && !stop.signal.aborted) {
          const slot: Slot<Result> = { state: 'working' }
          begun.push(slot)
          attempt(() => work(step.value, stop.signal)).then((value) => {
            Object.assign(slot, { state: 'done', value })
            wakeConsumer()
          }, fail)
          readOn()
        }
        wakeConsumer()
      },
      (error: unknown) => {
        // A source that throws has closed itself.
        sourceState = 'ended'
        fail(error)
      },
    )
  }

  try {
    while (true) {
      readOn()
      if (failure) throw failure.reason
      const first = begun[0]
      if (first?.state === 'done') {
        begun.shift()
        readOn()
        yield first.value
      } else if (!first && sourceState === 'ended') {
        return
      } else {
        await new Promise<void>((resolve) => {
          wakeConsumer = resolve
        })
      }
    }
  } finally {
    signal?.removeEventListener('abort', onAbort)
    const finished = sourceState === 'ended' && begun.length === 0
    // After a full run the signal stays silent: a result that was handed out, such as a response, may still hang on it.
    if (!finished) stop.abort()
    await close(source, { state: sourceState, failed: failure !== null })
  }
}

export interface MapConcurrentOptions {
  /** From 1: how many items are at work, or done and not yet taken, at a time. */
  readonly concurrency: number
  readonly signal?: AbortSignal | undefined
}

type SourceState = 'idle' | 'reading' | 'ended'

type Slot<Result> = { state: 'working' } | { state: 'done'; value: Result }

function iteratorOf<Item>(items: Iterable<Item> | AsyncIterable<Item>): Iterator<Item> | AsyncIterator<Item> {
  return Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]()
}

async function attempt<T>(call: () => T | PromiseLike<T>): Promise<T> {
  return call()
}

async function close(
  source: Iterator<unknown> | AsyncIterator<unknown>,
  { state, failed }: { state: SourceState; failed: boolean },
): Promise<void> {
  if (state === 'ended') return
  const closed = attempt(() => source.return?.())
  // An async generator that is in the middle of a read closes only after it: a read that hangs would hold us too. And
  // after a failure it is the failure that the consumer has to hear of, at once.
  if (state === 'idle' && !failed) await closed
  else closed.catch(() => {})
}
