import { type Events, subscribe } from '../../src/events.ts'
import type { ReadyAnswer } from '../../src/http/ready-answer.ts'
import { ReadyAnswers, railOf } from '../../src/http/ready-answers.ts'
import type { ServedArticle } from '../../src/manager/manager.ts'
import { ArticleServing, type ServingSettings } from '../../src/manager/serve-article.ts'
import { Dice } from './dice.ts'
import { EventClock } from './event-clock.ts'
import { type Fault, FaultyStore, type StoreLane } from './faulty-store.ts'
import { articleIds, Newsroom, unknownId } from './newsroom.ts'
import { type Ask, Witness } from './witness.ts'

/** What came of one seed. */
export interface Outcome {
  readonly seed: number
  /** The promise that was broken, and when; null when all were kept. */
  readonly violation: string | null
  /** How often what the simulation is there for came about. */
  readonly counts: Readonly<Record<string, number>>
}

/**
 * Plays a quarter of an hour, or a day, of a newsroom with readers, publishers and a store with faults, in no time.
 *
 * Everything is decided by the seed: who comes when, what the store does, and in which order things happen that happen at
 * the same time. So the same seed is the same story, to the last microtask.
 *
 * @param trace is told what happens, a line each
 */
export async function simulate(seed: number, trace?: (line: string) => void): Promise<Outcome> {
  const simulation = new Simulation(seed, trace)
  return await simulation.play()
}

class Simulation {
  readonly #seed: number
  readonly #dice: Dice
  readonly #clock: EventClock
  readonly #newsroom: Newsroom
  readonly #store: FaultyStore
  readonly #settings: ServingSettings
  readonly #manager: ArticleServing
  readonly #ready: ReadyAnswers
  readonly #witness: Witness
  readonly #trace: ((line: string) => void) | undefined
  readonly #counts: Record<string, number> = {}
  readonly #mayFail: Readonly<Record<StoreLane, boolean>>
  readonly #comesInCrowds: boolean
  readonly #reads = new Map<string, Set<AbortSignal>>()
  readonly #forgotAt: number[] = []
  readonly #forgotRailAt = new Map<string, number[]>()
  #articleBreaker = 'closed'
  #articlesReading = 0
  #actsLeft: number
  #unsettled = 0
  #asked = 0
  #isSilent = false
  /** Who has been answered since the last rest, when all that was theirs has to have been put away. */
  readonly #gone: Ask[] = []
  /** Changes that were made and not yet told of. */
  #untold = { articles: new Map<string, number>(), rails: new Map<string, number>() }

  constructor(seed: number, trace: ((line: string) => void) | undefined) {
    this.#seed = seed
    this.#trace = trace
    const dice = new Dice(seed)
    this.#dice = dice
    this.#clock = new EventClock(dice)
    this.#newsroom = new Newsroom(this.#clock)
    this.#settings = settingsFrom(dice)
    this.#mayFail = { article: dice.isLuck(0.6), rail: dice.isLuck(0.8), list: dice.isLuck(0.5) }
    this.#comesInCrowds = dice.isLuck(0.3)
    this.#actsLeft = 12 + dice.below(30)
    this.#witness = new Witness(this.#newsroom, this.#clock, this.#settings)
    this.#store = new FaultyStore(this.#newsroom, this.#clock, dice, { onRead: (read) => this.#onRead(read) })
    for (const lane of lanes) if (this.#mayFail[lane]) this.#store.strayChance[lane] = dice.oneOf([0, 0.05, 0.3])
    this.#manager = new ArticleServing(
      this.#store.asStore(),
      { clock: this.#clock, random: () => dice.next() },
      this.#settings,
    )
    this.#ready = new ReadyAnswers({
      manager: this.#manager,
      clock: this.#clock,
      random: () => dice.next(),
      bytesMax: dice.oneOf([0, 2500, 1_000_000]),
    })
    trace?.(`settings ${JSON.stringify(this.#settings)}`)
  }

  async play(): Promise<Outcome> {
    const stopListening = listen((name, event) => this.#onEvent(name, event))
    try {
      for (const id of articleIds) if (this.#dice.isLuck(0.8)) this.#publish(id)
      for (const id of articleIds) this.#writeRail(id)
      this.#deliver()
      this.#planAct()
      await this.#runUntil(() => this.#actsLeft === 0 && this.#unsettled === 0)
      if (this.#dice.isLuck(0.7)) await this.#recover()
      await this.#close()
    } finally {
      stopListening()
    }
    const { violation } = this.#witness
    return { seed: this.#seed, violation, counts: this.#counts }
  }

  /** Lets one thing after the other happen until `isDone`, or nothing is planned any more. */
  async #runUntil(isDone: () => boolean, endMs = Number.POSITIVE_INFINITY): Promise<void> {
    const { clock, witness, dice } = { clock: this.#clock, witness: this.#witness, dice: this.#dice }
    while (!witness.violation) {
      // What happens at the same time may happen in the middle of what the last event set in motion.
      if (dice.isLuck(0.3)) {
        for (let turn = dice.below(10); turn > 0; turn--) await null
        if (clock.step(clock.monotonicMs())) continue
      }
      await drained(this.#seed)
      for (const ask of this.#gone.splice(0)) witness.left(ask)
      if (isDone() || !clock.step(endMs)) return
    }
  }

  #planAct(): void {
    this.#clock.after(this.#dice.oneOf(this.#comesInCrowds ? crowdGapsMs : gapsMs), () => {
      this.#actsLeft--
      this.#act()
      if (this.#actsLeft > 0) this.#planAct()
    })
  }

  #act(): void {
    // The feed is read several times a second: unless it is silent, it was read just now.
    if (!this.#isSilent && this.#untold.articles.size === 0 && this.#untold.rails.size === 0) this.#hear()
    const dice = this.#dice
    if (this.#comesInCrowds) this.#askAtTheDoor(dice.oneOf(articleIds))
    const chance = dice.next()
    if (chance < 0.62) {
      const crowd = this.#comesInCrowds && dice.isLuck(0.3) ? 3 + dice.below(10) : 1 + dice.below(2)
      const id = dice.oneOf(articleIds)
      for (let reader = 0; reader < crowd; reader++) this.#read(dice.isLuck(0.5) ? id : dice.oneOf(articleIds))
    } else if (chance < 0.84) this.#edit()
    else if (chance < 0.97) this.#break()
    else this.#read(unknownId)
  }

  // Readers

  #read(id: string): void {
    const dice = this.#dice
    const chance = dice.next()
    const reader = dice.isLuck(0.6) ? new AbortController() : null
    if (chance < 0.35) this.#request(dice.isLuck(0.06) ? null : id, reader)
    else if (chance < 0.7) this.#open(dice.isLuck(0.04) ? null : id, reader, dice.isLuck(0.92))
    else if (chance < 0.8) this.#openRail(id, reader)
    else if (chance < 0.97) this.#page(id)
    else this.#list(reader)
  }

  #request(id: string | null, reader: AbortController | null): void {
    const ask = this.#ask('request', id, reader)
    this.#own(
      ask,
      this.#manager.handleRequest({ articleId: id }, { signal: ask.signal }).then(
        (page) => {
          this.#trace?.(
            `${this.#time} ${ask.name} served ${page.article.title} ${page.articleState} ${page.related.state}`,
          )
          this.#count(`article ${page.articleState}`)
          this.#witness.served(ask, page)
        },
        (error: unknown) => this.#failed(ask, error),
      ),
    )
  }

  #open(id: string | null, reader: AbortController | null, rail: boolean): void {
    const ask = this.#ask('article', id, reader)
    this.#own(
      ask,
      this.#manager.openArticle(id, { signal: ask.signal, rail }).then(
        async (opened) => {
          this.#trace?.(`${this.#time} ${ask.name} opened ${opened.article.title} ${opened.articleState}`)
          this.#count(`article ${opened.articleState}`)
          this.#witness.opened(ask, opened)
          const openedAt = this.#clock.monotonicMs()
          const came = await opened.rail
          this.#trace?.(
            `${this.#time} ${ask.name} rail ${came.state} ${came.items.map(({ title }) => title).join(', ')}`,
          )
          if (rail) this.#witness.railCame(ask, opened.article.id, came, openedAt)
        },
        (error: unknown) => this.#failed(ask, error),
      ),
    )
  }

  #openRail(id: string, reader: AbortController | null): void {
    const { dice, settings } = { dice: this.#dice, settings: this.#settings }
    const limit = dice.isLuck(0.3) ? 2 : settings.railLimit
    const exclude = dice.isLuck(0.2) ? [dice.oneOf(articleIds)] : []
    const ask = this.#ask('rail', id, reader)
    this.#own(
      ask,
      this.#manager.openRail(id, { limit, exclude, signal: ask.signal }).then(
        (rail) => {
          this.#trace?.(
            `${this.#time} ${ask.name} rail ${rail.state} ${rail.items.map(({ title }) => title).join(', ')}`,
          )
          this.#witness.railCame(ask, id, rail)
          this.#witness.expect(
            !rail.items.some((item) => exclude.includes(item.id)),
            `${ask.name}: shows what was excluded`,
          )
        },
        (error: unknown) => this.#failed(ask, error),
      ),
    )
  }

  #list(reader: AbortController | null): void {
    const ask = this.#ask('list', null, reader)
    this.#own(
      ask,
      this.#manager.listArticles({ limit: 5 }, { signal: ask.signal }).then(
        (list) => this.#witness.listed(ask, list),
        (error: unknown) => this.#failed(ask, error),
      ),
    )
  }

  /** As the server does it: a complete answer where one is kept, else it is made, and kept for the next. */
  #page(id: string): void {
    const ask = this.#ask('request', id, null)
    const found = this.#ready.find(id) as { readonly answer: KeptPage } | null
    if (found) {
      this.#count('page ready')
      this.#trace?.(`${this.#time} ${ask.name} sent ready, ${found.answer.page.article.title}`)
      this.#witness.sentReady(ask, found.answer.page)
      return
    }
    const offer = this.#ready.offer(id)
    this.#own(
      ask,
      this.#manager.handleRequest({ articleId: id }).then(
        (page) => {
          this.#witness.served(ask, page)
          const { article, relatedArticles, related } = page
          const shows = [article.id, railOf(article.id), ...relatedArticles.map((item) => item.id)]
          const kept: KeptPage = { page, bytes: 1000, about: { state: related.state, shows } }
          offer(kept as unknown as ReadyAnswer, 'article')
        },
        (error: unknown) => this.#failed(ask, error),
      ),
    )
  }

  /** Who would be refused is refused, and nobody else is told so. */
  #askAtTheDoor(id: string): void {
    if (!this.#manager.refusesNow(id)) return
    this.#count('refused at the door')
    const ask = this.#ask('article', id, null)
    this.#own(
      ask,
      this.#manager.openArticle(id, { rail: false }).then(
        () => this.#witness.expect(false, `${ask.name}: was to be refused, and could be served`),
        (error: unknown) => {
          this.#failed(ask, error)
          this.#witness.expect(this.#clock.monotonicMs() === ask.at, `${ask.name}: was refused after a while`)
        },
      ),
    )
  }

  #ask(kind: Ask['kind'], id: string | null, reader: AbortController | null): Ask {
    const name = `${kind} #${++this.#asked} of ${id ?? 'the newest'}`
    const ask = this.#witness.ask(name, kind, id, reader?.signal)
    this.#trace?.(`${this.#time} ${name} asked`)
    this.#leaveSoon(reader, ask)
    return ask
  }

  #leaveSoon(reader: AbortController | null, ask: Ask | null): void {
    if (!reader || !this.#dice.isLuck(0.4)) return
    this.#clock.after(this.#dice.oneOf(leavesAfterMs), () => {
      if (ask) ask.abortedAt = this.#clock.monotonicMs()
      this.#trace?.(`${this.#time} ${ask?.name ?? 'list'} left`)
      reader.abort(readerLeft)
    })
  }

  #failed(ask: Ask, error: unknown): void {
    this.#trace?.(`${this.#time} ${ask.name} failed: ${error}`)
    this.#count(`failed with ${error instanceof Error ? error.name : error}`)
    this.#witness.failed(ask, error)
  }

  #own(ask: Ask, settled: Promise<void>): void {
    this.#unsettled++
    settled
      .then(
        () => this.#gone.push(ask),
        (error: unknown) => this.#witness.expect(false, `${ask.name}: ${error}`),
      )
      .finally(() => this.#unsettled--)
  }

  // The newsroom

  #edit(): void {
    const dice = this.#dice
    const id = dice.oneOf(articleIds)
    const chance = dice.next()
    if (this.#newsroom.isEmbargoed(id)) this.#changed(id, this.#newsroom.lift(id), 'its embargo lifted')
    else if (chance < 0.35) this.#withdrawOrBringBack(id)
    else if (chance < 0.7) this.#publish(id)
    else this.#writeRail(id)
    this.#clock.after(dice.oneOf(tellDelaysMs), () => this.#deliver())
  }

  #withdrawOrBringBack(id: string): void {
    if (this.#newsroom.isGone(id)) this.#publish(id)
    else this.#changed(id, this.#newsroom.withdraw(id), 'withdrawn')
  }

  #publish(id: string): void {
    const embargoed = this.#dice.isLuck(0.1)
    const publishedDaysAgo = this.#dice.oneOf([0, 0, 30])
    const seq = this.#newsroom.publish(id, { embargoed, publishedDaysAgo })
    this.#changed(id, seq, embargoed ? 'published under embargo' : 'published')
  }

  #writeRail(id: string): void {
    const items = articleIds.filter((other) => other !== id && this.#dice.isLuck(0.6))
    const seq = this.#newsroom.writeRail(id, items)
    this.#untold.rails.set(id, seq)
    this.#trace?.(`${this.#time} rail of ${id} written: ${items.join(', ')} (change ${seq})`)
  }

  #changed(id: string, seq: number, what: string): void {
    this.#untold.articles.set(id, seq)
    this.#trace?.(`${this.#time} ${id} ${what} (change ${seq})`)
  }

  /** The change feed brings what is new, sometimes a second time; unless it is silent. */
  #deliver(): void {
    if (this.#isSilent) return
    const { articles, rails } = this.#untold
    this.#untold = { articles: new Map(), rails: new Map() }
    const now = this.#clock.monotonicMs()
    if (this.#dice.isLuck(0.1)) articles.set(this.#dice.oneOf(articleIds), 0)
    const seqs = this.#witness.told.articles
    for (const [id, seq] of articles) if (seq === 0) articles.set(id, seqs.get(id) ?? 0)
    this.#trace?.(`${this.#time} told of articles ${[...articles.keys()]} and of rails of ${[...rails.keys()]}`)
    if (articles.size > 0) this.#forgotAt.push(now)
    for (const id of rails.keys()) this.#forgotRailAt.set(id, [...(this.#forgotRailAt.get(id) ?? []), now])
    this.#manager.forget(new Set(articles.keys()))
    this.#manager.forgetRails(new Set(rails.keys()))
    this.#witness.toldOf(articles, rails)
    this.#hear()
  }

  #hear(): void {
    this.#manager.heardFromFeed()
    this.#witness.heard()
  }

  // What goes wrong

  #break(): void {
    const dice = this.#dice
    if (dice.isLuck(0.25)) {
      this.#isSilent = !this.#isSilent && dice.isLuck(0.5)
      this.#trace?.(`${this.#time} the feed ${this.#isSilent ? 'falls silent' : 'speaks'}`)
      if (!this.#isSilent) this.#deliver()
      return
    }
    const isTheStore = dice.isLuck(0.3)
    const fault = dice.oneOf(laneFaults)
    for (const lane of isTheStore ? lanes : [dice.oneOf(lanes)]) if (this.#mayFail[lane]) this.#setFault(lane, fault)
  }

  #setFault(lane: StoreLane, fault: Fault): void {
    this.#store.faults[lane] = lane !== 'rail' && fault === 'nonsense' ? 'fail' : fault
    this.#trace?.(`${this.#time} lane ${lane}: ${this.#store.faults[lane]}`)
  }

  // The end

  /** Everything works again: within the longest opening of a breaker everything is served again, and true. */
  async #recover(): Promise<void> {
    const { clock, witness } = { clock: this.#clock, witness: this.#witness }
    this.#trace?.(`${this.#time} everything works again`)
    for (const lane of lanes) {
      this.#setFault(lane, 'none')
      this.#store.strayChance[lane] = 0
    }
    this.#isSilent = false
    this.#deliver()
    const endMs = clock.monotonicMs() + longestOpeningMs
    await this.#runUntil(() => false, endMs)
    clock.rest(endMs)
    for (const id of articleIds) {
      this.#hear()
      const ask = this.#ask('article', id, null)
      const truth = this.#newsroom.readArticle(id)
      this.#own(
        ask,
        this.#manager.openArticle(id).then(
          async (opened) => {
            witness.opened(ask, opened)
            witness.expect(truth.state === 'found', `${ask.name}: is served though it is ${truth.state}`)
            const rail = await opened.rail
            witness.railCame(ask, id, rail, ask.at + longestReadMs)
            const isServed = rail.state === 'fresh' || rail.state === 'stale'
            witness.expect(isServed, `${ask.name}: its rail is ${rail.state} though everything works`)
          },
          (error: unknown) => {
            witness.failed(ask, error)
            witness.expect(truth.state !== 'found', `${ask.name}: fails though everything works: ${error}`)
          },
        ),
      )
      const isSettled = () => this.#unsettled === 0
      await this.#runUntil(isSettled)
    }
  }

  /** What was opened is closed. */
  async #close(): Promise<void> {
    const { clock, witness } = { clock: this.#clock, witness: this.#witness }
    if (witness.violation) return
    this.#trace?.(`${this.#time} closed`)
    this.#manager.close()
    await this.#runUntil(() => false, clock.monotonicMs() + longestReadMs)
    witness.expect(this.#unsettled === 0, `${this.#unsettled} readers wait for ever`)
    witness.expect(clock.pending === 0, `${clock.pending} timers are left`)
    this.#manager.forget(new Set([...articleIds, unknownId]))
    this.#ready[Symbol.dispose]()
    witness.expect(this.#ready.bytes === 0, `${this.#ready.bytes} bytes of answers are left`)
    for (const [what, usage] of Object.entries(this.#manager.usage)) {
      const { copies, bytes, idsShown, loadsInFlight, loadsBehind } = usage
      const isEmpty = copies + bytes + idsShown + loadsInFlight + loadsBehind === 0
      witness.expect(isEmpty, `left of the ${what} when all is forgotten: ${JSON.stringify(usage)}`)
    }
    for (const [what, signals] of this.#reads) {
      const unstopped = [...signals].filter(({ aborted }) => !aborted)
      witness.expect(unstopped.length === 0, `${what} is being read, and was never told to stop`)
    }
  }

  // What is seen from outside

  #onRead({ lane, what, fault, signal }: { lane: StoreLane; what: string; fault: Fault; signal: AbortSignal }) {
    this.#trace?.(`${this.#time} store: ${what} (${fault})`)
    this.#count(`read ${fault}`)
    const { witness } = { witness: this.#witness }
    witness.expect(!signal.aborted, `${what} is read for nobody: its signal had aborted already`)
    if (lane === 'article') {
      if (fault !== 'none') witness.articleFaulted = true
      witness.articlesReadMax = Math.max(witness.articlesReadMax, ++this.#articlesReading)
    }
    const signals = this.#reads.get(what) ?? new Set()
    this.#reads.set(what, signals.add(signal))
    this.#expectOneLoad(what, signals)
    let isDone = false
    return (how: string) => {
      if (isDone) return
      isDone = true
      signals.delete(signal)
      if (lane === 'article') this.#articlesReading--
      this.#trace?.(`${this.#time} store: ${what} ends (${how})`)
    }
  }

  /** One load a key and generation: as many more at a time as there were invalidations since the oldest began. */
  #expectOneLoad(what: string, signals: ReadonlySet<AbortSignal>): void {
    const { articleBudgetMs, railBudgetMs, railLimit } = this.#settings
    const [kind, id = '', limit] = what.split(' ')
    // What few readers ask for is not shared, and a breaker's probe is no load.
    const isShared =
      kind === 'article' ? this.#articleBreaker === 'closed' : kind === 'rail' && limit === `${railLimit}`
    if (!isShared || signals.size < 2) return
    const since = this.#clock.monotonicMs() - (kind === 'article' ? articleBudgetMs : railBudgetMs)
    const forgot = [...this.#forgotAt, ...(kind === 'rail' ? (this.#forgotRailAt.get(id) ?? []) : [])]
    const loadsMax = 1 + forgot.filter((at) => at >= since).length
    const loads = [...signals].filter(({ aborted }) => !aborted).length
    this.#witness.expect(loads <= loadsMax, `${what} is being loaded ${loads} times over`)
  }

  #onEvent(name: string, event: Events[keyof Events]): void {
    if (name === 'breaker-changed' && 'lane' in event && 'became' in event) {
      if (event.lane === 'article') this.#articleBreaker = event.became
      this.#count(`breaker ${event.became}`)
      this.#trace?.(`${this.#time} the breaker of ${event.lane} is ${event.became}`)
    } else if (name === 'rail-read' && 'state' in event) this.#count(`rail ${event.state}`)
    else this.#count(name)
  }

  #count(what: string): void {
    this.#counts[what] = (this.#counts[what] ?? 0) + 1
  }

  get #time(): string {
    return `${Math.round(this.#clock.monotonicMs() * 1000) / 1000} ms:`
  }
}

/** Of an answer what matters here: what it shows. The bytes are made by another. */
interface KeptPage {
  readonly page: ServedArticle
  readonly bytes: number
  readonly about: { readonly state: string; readonly shows: readonly string[] }
}

const lanes: readonly StoreLane[] = ['article', 'rail', 'list']
const laneFaults: readonly Fault[] = ['none', 'none', 'none', 'slow', 'fail', 'throw', 'hang', 'lose', 'nonsense']
const gapsMs: readonly number[] = [0, 0, 0, 1, 2, 5, 15, 25, 60, 130, 400, 900, 2000, 6000, 12_000, 70_000]
const crowdGapsMs: readonly number[] = [0, 0, 0, 1, 1, 2, 5, 5, 10, 25, 60, 130, 1500]
const leavesAfterMs: readonly number[] = [0, 0, 1, 2, 15, 25, 100, 150, 420]
const tellDelaysMs: readonly number[] = [0, 0, 1, 5, 20, 100, 250]
const readerLeft = new Error('The reader left.')
/** Eight seconds and a fifth, and two probes. */
const longestOpeningMs = 12_000
/** The longest budget, and the latest of late answers. */
const longestReadMs = 3000

function settingsFrom(dice: Dice): ServingSettings {
  return {
    articleBudgetMs: 800,
    railBudgetMs: 150,
    afterArticleMs: 25,
    railLimit: 4,
    // Of two halves: none, one or two entries, a few, all.
    cacheBytesMax: dice.oneOf([0, 5000, 16_000, 1_000_000, 1_000_000]),
    articleLifetime: dice.oneOf([
      { freshMs: 0, graceMs: 1000, ifErrorMs: 60_000 },
      { freshMs: 50, graceMs: 5000, ifErrorMs: 100_000 },
      { freshMs: 5000, graceMs: 5000, ifErrorMs: 1_000_000 },
      { freshMs: 60_000, graceMs: 600_000, ifErrorMs: 86_400_000 },
    ]),
    railLifetime: dice.oneOf([
      { freshMs: 0, graceMs: 1000, ifErrorMs: 60_000 },
      { freshMs: 200, graceMs: 200, ifErrorMs: 100_000 },
      { freshMs: 300_000, graceMs: 3_600_000, ifErrorMs: 604_800_000 },
    ]),
    feedSilenceMs: dice.oneOf([1000, 10_000]),
    articlesAtATime: dice.oneOf([1, 2, 4, 64]),
    railsAtATime: dice.oneOf([1, 2, 32]),
    breakersHeldClosed: dice.isLuck(0.15),
  }
}

/**
 * Resolves when nothing is left to do but to wait.
 *
 * The queue of next ticks is looked at when that of microtasks is empty, and costs a tenth of a turn of the event loop. It
 * is the turn that finds out that a rejection was left unheard, though: every sixteenth seed goes the long way.
 */
function drained(seed: number): Promise<void> {
  return new Promise((resolve) => {
    if (seed % 16 === 0) setImmediate(resolve)
    else process.nextTick(resolve)
  })
}

/** The events are the process's own: one simulation at a time listens. */
function listen(listener: (name: string, event: Events[keyof Events]) => void): () => void {
  const names = [
    'breaker-changed',
    'rail-read',
    'read-shed',
    'read-retried',
    'refresh-failed',
    'background-failed',
  ] as const
  const stops = names.map((name) => subscribe(name, (event) => listener(name, event)))
  return () => {
    for (const stop of stops) stop()
  }
}
