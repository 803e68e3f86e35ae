import { readFileSync, writeFileSync } from 'node:fs'

/** A library that is to find related articles. */
export interface Peer {
  /** With its version. */
  readonly version: string
  add(article: PeerArticle): void
  /** Everything of the first load has been added. */
  finishLoad(): void
  /** At most ten ids, best first, without its own. */
  related(id: string): string[]
  /** Adds an article to what is there and works out its related ones. */
  publish(article: PeerArticle): void
  close(): void
}

export interface PeerArticle {
  readonly id: string
  readonly title: string
  readonly body: string
  /** Milliseconds since the epoch; 0 where it is not known. */
  readonly publishedAtMs: number
}

/** What a peer's process prints. */
export interface PeerFigures {
  readonly version: string
  /** How many were asked about before the budget ran out. */
  readonly asked: number
  readonly indexMs: number
  readonly indexCpuMs: number
  readonly queryMs: number
  readonly queryCpuMs: number
  /** Each of the late ones, in the order in which they were published. */
  readonly publishMs: readonly number[]
  /** The most memory that the process held at once while it loaded and was asked, in MiB. */
  readonly peakMb: number
}

/**
 * The steps that every peer goes through, in a process of its own: load all, ask about each until the budget runs out,
 * then load all but the late ones anew and publish those one by one.
 *
 * The arguments: the file of texts (JSON Lines), the file that takes the lists, the budget in milliseconds, how many are late.
 */
export function runPeer(create: () => Peer): void {
  const [texts = '', out = '', budget = '', lateCount = ''] = process.argv.slice(-4)
  const articles = readFileSync(texts, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as PeerArticle)
  const late = Number(lateCount)
  const peer = create()
  const loading = stopwatch()
  for (const article of articles) peer.add(article)
  peer.finishLoad()
  const loaded = loading()
  const asking = stopwatch()
  const startedAt = performance.now()
  const lists: string[] = []
  for (const { id } of articles) {
    if (performance.now() - startedAt > Number(budget)) break
    lists.push(`${id}\t${peer.related(id).join(' ')}`)
  }
  const answered = asking()
  const peakMb = Math.round(process.resourceUsage().maxRSS / 1024)
  peer.close()
  writeFileSync(out, `${lists.join('\n')}\n`)

  const second = create()
  for (const article of articles.slice(0, -late)) second.add(article)
  second.finishLoad()
  const publishMs = articles.slice(-late).map((article) => {
    const before = performance.now()
    second.publish(article)
    return performance.now() - before
  })
  second.close()
  const figures: PeerFigures = {
    version: peer.version,
    asked: lists.length,
    indexMs: loaded.wallMs,
    indexCpuMs: loaded.cpuMs,
    queryMs: answered.wallMs,
    queryCpuMs: answered.cpuMs,
    publishMs,
    peakMb,
  }
  process.stdout.write(`${JSON.stringify(figures)}\n`)
}

function stopwatch(): () => { wallMs: number; cpuMs: number } {
  const cpu = process.cpuUsage()
  const wall = performance.now()
  return () => {
    const { user, system } = process.cpuUsage(cpu)
    return { wallMs: performance.now() - wall, cpuMs: (user + system) / 1000 }
  }
}
