import { StoreUnavailableError } from '../../src/errors.ts'
import type { RailRead, Store } from '../../src/store/store.ts'
import type { Dice } from './dice.ts'
import type { EventClock } from './event-clock.ts'
import type { Newsroom } from './newsroom.ts'

/**
 * What may become of a read. `lose` and `late` break the store's contract: they do not listen to the signal, and real
 * drivers have been seen to do both.
 */
export type Fault =
  /** Answers, some milliseconds later. */
  | 'none'
  /** Answers after a time that is long for its lane. */
  | 'slow'
  | 'fail'
  /** Throws where it ought to reject. */
  | 'throw'
  /** Answers nothing until it is told to stop. */
  | 'hang'
  /** Answers nothing, ever. */
  | 'lose'
  /** Answers after everybody has left, and in a store's worst way: with what was true when it was asked. */
  | 'late'
  /** Answers with what is no answer. */
  | 'nonsense'

export type StoreLane = 'article' | 'rail' | 'list'

/** The reads of a store that is right, but slow, failing, hanging, forgetful or late, as the dice and the plan have it. */
export class FaultyStore {
  /** What becomes of each lane's reads from now on. */
  readonly faults: Record<StoreLane, Fault> = { article: 'none', rail: 'none', list: 'none' }
  /** The chance that a read has another fault than its lane's, of those in `strayFaults`. */
  readonly strayChance: Record<StoreLane, number> = { article: 0, rail: 0, list: 0 }
  readonly #newsroom: Newsroom
  readonly #clock: EventClock
  readonly #dice: Dice
  readonly #observer: StoreObserver

  constructor(newsroom: Newsroom, clock: EventClock, dice: Dice, observer: StoreObserver) {
    this.#newsroom = newsroom
    this.#clock = clock
    this.#dice = dice
    this.#observer = observer
  }

  /** As the contract's type: the manager reads nothing but these. */
  asStore(): Store {
    const reads: Pick<Store, 'readArticle' | 'readRail' | 'readNewestId' | 'listArticles' | 'listSections'> = {
      readArticle: (id, { signal }) =>
        this.#answer('article', `article ${id}`, () => this.#newsroom.readArticle(id), signal),
      readNewestId: ({ signal }) =>
        this.#answer('article', 'the newest', () => this.#newsroom.list(1).articles[0]?.id ?? null, signal),
      readRail: (id, { limit, exclude = [], signal }) => {
        const what = exclude.length === 0 ? `rail ${id} ${limit}` : `rail ${id} without`
        return this.#answer<RailRead>('rail', what, () => this.#newsroom.readRail(id, { limit, exclude }), signal)
      },
      listArticles: ({ limit, signal }) => this.#answer('list', 'the list', () => this.#newsroom.list(limit), signal),
      listSections: ({ signal }) => this.#answer('list', 'the sections', () => [], signal),
    }
    return reads as Store
  }

  #answer<T>(lane: StoreLane, what: string, read: () => T, signal: AbortSignal | undefined): Promise<T> {
    if (!signal) throw new Error(`${what} is read without a signal.`)
    const dice = this.#dice
    const isStray = dice.isLuck(this.strayChance[lane])
    const fault = isStray ? dice.oneOf(lane === 'rail' ? railFaults : strayFaults) : this.faults[lane]
    const done = this.#observer.onRead({ lane, what, fault, signal })
    if (fault === 'throw') {
      done('threw')
      throw new StoreUnavailableError('The store throws.')
    }
    // A store reads at some time between being asked and answering.
    const readAtOnce = fault === 'late' || dice.isLuck(0.5) ? read() : undefined
    return new Promise<T>((resolve, reject) => {
      const settle = () => {
        done(fault)
        if (fault === 'fail') reject(new StoreUnavailableError('The store fails.'))
        else if (fault === 'nonsense') resolve(undefined as T)
        else resolve(readAtOnce === undefined ? read() : readAtOnce)
      }
      if (fault !== 'lose' && fault !== 'late') {
        const onAbort = () => {
          cancel?.()
          done('stopped')
          reject(signal.reason)
        }
        signal.addEventListener('abort', onAbort, { once: true })
      }
      const delayMs = fault === 'hang' || fault === 'lose' ? null : dice.oneOf(delaysMs[fault])
      if (delayMs === 0) settle()
      const cancel = delayMs === null || delayMs === 0 ? null : this.#clock.after(delayMs, settle)
    })
  }
}

/** Told of each read that begins; what it gives is called when the read ends. */
export interface StoreObserver {
  onRead(read: {
    readonly lane: StoreLane
    readonly what: string
    readonly fault: Fault
    readonly signal: AbortSignal
  }): (how: string) => void
}

const strayFaults: readonly Fault[] = ['slow', 'fail', 'throw', 'hang', 'lose', 'late']
const railFaults: readonly Fault[] = [...strayFaults, 'nonsense']
const delaysMs: Readonly<Record<Exclude<Fault, 'hang' | 'lose' | 'throw'>, readonly number[]>> = {
  none: [0, 0, 1, 1, 2, 5, 15, 24, 25],
  slow: [26, 60, 100, 119, 140, 300, 390, 410, 700],
  fail: [0, 1, 20, 100],
  nonsense: [0, 1],
  late: [130, 410, 900, 2000],
}
