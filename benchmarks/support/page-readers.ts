import { Pool } from 'undici'
import { seededRandom } from '../../src/generate/seeded-random.ts'

/**
 * Readers of one node, whose articles are numbered: `keptShare` of their requests are for the first `keptPages`, which are asked for
 * all the time, the others for the `otherPages` that follow, in turn.
 */
export class PageReaders implements AsyncDisposable {
  readonly #pool: Pool
  readonly #random = seededRandom(7)
  readonly #pages: { readonly keptPages: number; readonly otherPages: number; readonly keptShare: number }
  #next = 0

  constructor(
    url: string,
    pages: { readonly keptPages: number; readonly otherPages: number; readonly keptShare: number },
  ) {
    this.#pages = pages
    this.#pool = new Pool(url, { connections: 4000, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 })
  }

  async warm(): Promise<void> {
    for (let number = 0; number < this.#pages.keptPages; number++) await this.#ask(true, `/articles/${number}`)
  }

  /** Requests that 32 readers get answered, a second. */
  async capacity(): Promise<number> {
    const seconds = 5
    let count = 0
    const until = performance.now() + seconds * 1000
    const reader = async () => {
      while (performance.now() < until) {
        await this.#one()
        count++
      }
    }
    await Promise.all(Array.from({ length: 32 }, reader))
    return count / seconds
  }

  /** Arrivals by chance, `perSecond` in the mean, until it is stopped; then it gives how many were never answered. */
  send(perSecond: number, onAnswer: (answer: Answer) => void): { stop(): Promise<number> } {
    const underWay = new Set<Promise<void>>()
    let isStopped = false
    let dueAt = performance.now()
    let hung = 0
    const tick = () => {
      for (const now = performance.now(); dueAt <= now; dueAt += (-Math.log(1 - this.#random()) / perSecond) * 1000) {
        const asking = this.#one().then(
          (answer) => onAnswer(answer),
          () => {
            hung++
          },
        )
        underWay.add(asking)
        void asking.then(() => underWay.delete(asking))
      }
      if (!isStopped) setTimeout(tick, 2)
    }
    tick()
    return {
      async stop() {
        isStopped = true
        await Promise.all(underWay)
        return hung
      },
    }
  }

  #one(): Promise<Answer> {
    const { keptPages, otherPages, keptShare } = this.#pages
    const isKept = this.#random() < keptShare
    const number = isKept ? Math.floor(this.#random() * keptPages) : keptPages + (this.#next++ % otherPages)
    return this.#ask(isKept, `/articles/${number}`)
  }

  /** Rejects when nothing came, or not all of it, for so long that it hangs. A connection that was ended is an answer without status. */
  async #ask(isKept: boolean, path: string): Promise<Answer> {
    const sentAt = performance.now()
    const signal = AbortSignal.timeout(hungAfterMs)
    const about = { isKept, sentAt }
    try {
      const { statusCode, headers, body } = await this.#pool.request({ method: 'GET', path, signal })
      const text = await body.text()
      const timing = String(headers['server-timing'] ?? '')
      const rail = /data-related-state="([a-z]+)"/.exec(text)?.[1]
      return {
        ...about,
        tookMs: performance.now() - sentAt,
        status: statusCode,
        isPage: statusCode === 200 && text.includes('</article>') && text.includes('</html>'),
        saysDegraded:
          statusCode === 200 ? timing.includes('stale') || rail !== 'fresh' : headers['retry-after'] !== undefined,
      }
    } catch (error) {
      if (signal.aborted) throw error
      return { ...about, tookMs: performance.now() - sentAt, status: 0, isPage: false, saysDegraded: false }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.destroy()
  }
}

export interface Answer {
  readonly isKept: boolean
  readonly sentAt: number
  readonly tookMs: number
  readonly status: number
  /** Complete, with its article. */
  readonly isPage: boolean
  readonly saysDegraded: boolean
}

/** What is not answered by then hangs: longer than any request may take by the server's own limits. In milliseconds. */
export const hungAfterMs = 15_000
