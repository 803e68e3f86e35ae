/** A way in which a tired engineer might break the code: exact text of a file, and what stands there instead. */
export interface Mutation {
  readonly name: string
  readonly file: string
  readonly edits: ReadonlyArray<readonly [find: string, replace: string]>
}

/** Each of them breaks a promise. Text that is not found any more is an error: the mutation is to be written anew. */
export const mutations: readonly Mutation[] = [
  {
    name: 'what was overtaken by a change is kept all the same',
    file: 'src/concurrency/coalesce.ts',
    edits: [['if (current) onLoaded?.(key, value)', 'onLoaded?.(key, value)']],
  },
  {
    name: 'who asks after a change joins the load from before',
    file: 'src/concurrency/coalesce.ts',
    edits: [['    this.#joinable.delete(key)\n    load.state = ', '    load.state = ']],
  },
  {
    name: 'the first who leaves stops the load for all',
    file: 'src/concurrency/coalesce.ts',
    edits: [
      [
        "if (leave(load, asker) === 'was-the-last') this.#abandon(key, load)",
        'leave(load, asker)\n        this.#abandon(key, load)',
      ],
    ],
  },
  {
    name: 'the last who leaves does not stop the load',
    file: 'src/concurrency/coalesce.ts',
    edits: [["    load.stop.abort(new DOMException('Nobody waits for this load any more.', 'AbortError'))\n", '']],
  },
  {
    name: 'each asker loads for himself',
    file: 'src/concurrency/coalesce.ts',
    edits: [['const shared = this.#joinable.get(key)', "const shared = this.#joinable.get(key + ' ')"]],
  },
  {
    name: 'a deadline forgets to remove its listener',
    file: 'src/concurrency/deadline.ts',
    edits: [["      signal?.removeEventListener('abort', onAbort)\n", '']],
  },
  {
    name: 'a deadline does not tell the work to stop',
    file: 'src/concurrency/deadline.ts',
    edits: [['      stop.abort(reason)\n', '']],
  },
  {
    name: 'a call that failed keeps its place for ever',
    file: 'src/concurrency/limiter.ts',
    edits: [['      permit.release(ending)\n', "      if (ending === 'done') permit.release(ending)\n"]],
  },
  {
    name: 'a failed probe leaves the breaker probing for ever',
    file: 'src/concurrency/circuit-breaker.ts',
    edits: [
      [
        "    if (this.#state.state !== 'probing' ||",
        "    if (outcome === 'failed' || this.#state.state !== 'probing' ||",
      ],
    ],
  },
  {
    name: 'grace and if-error are swapped',
    file: 'src/cache/lifetime.ts',
    edits: [
      ["lifetime.graceMs) return 'grace'", "lifetime.graceMs) return 'if-error'"],
      ["lifetime.ifErrorMs ? 'if-error'", "lifetime.ifErrorMs ? 'grace'"],
    ],
  },
  {
    name: 'the copy that is to stand in is taken before the load',
    file: 'src/cache/read-through.ts',
    edits: [
      [
        '    try {\n      const { value } = await this.#load(',
        '    const copy = this.#standIn(key)\n    try {\n      const { value } = await this.#load(',
      ],
      ['      const copy = this.#standIn(key)\n      if (!copy) throw error', '      if (!copy) throw error'],
    ],
  },
  {
    name: 'forgetting leaves what is being loaded',
    file: 'src/cache/read-through.ts',
    edits: [['    this.#loads.invalidateAll()\n', '']],
  },
  {
    name: 'forgetting a rail leaves the one that is being loaded',
    file: 'src/cache/read-through.ts',
    edits: [['      this.#loads.invalidate(key)\n', '']],
  },
  {
    name: 'what says that there is nothing is kept among the rest',
    file: 'src/cache/read-through.ts',
    edits: [['isNegative ? this.#negatives : this.#copies', 'isNegative ? this.#copies : this.#copies']],
  },
  {
    name: 'nothing is loaded again before its end',
    file: 'src/cache/read-through.ts',
    edits: [['if (this.#isDueEarly(copy)) this.#refresh(key, copy)', 'this.#isDueEarly(copy)']],
  },
  {
    name: 'copies are trusted while the feed is silent',
    file: 'src/cache/read-through.ts',
    edits: [['if (!copy || !this.#options.isTold()) return null', 'if (!copy) return null']],
  },
  {
    name: 'what is loaded behind readers goes before readers',
    file: 'src/cache/read-through.ts',
    edits: [
      [
        "copy.refreshedAt = now\n    this.#loadBehind(key, 'background')",
        "copy.refreshedAt = now\n    this.#loadBehind(key, 'essential')",
      ],
    ],
  },
  {
    name: 'a late rail is late for the next reader too',
    file: 'src/cache/read-through.ts',
    edits: [['    if (this.#options.goesOn) this.#loadBehind(key, importance)\n', '']],
  },
  {
    name: 'the index of shown ids grows for ever',
    file: 'src/cache/memory-cache.ts',
    edits: [['      if (keys?.size === 0) this.#keysShowing.delete(id)\n', '']],
  },
  {
    name: 'an entry that is set again leaves its old self in the count',
    file: 'src/cache/memory-cache.ts',
    edits: [['    this.delete(key)\n    const bytes', '    const bytes']],
  },
  {
    name: 'a rail is not known to show its items',
    file: 'src/manager/copies.ts',
    edits: [['shows: [id, ...read.items.map((item) => item.id)]', 'shows: [id]']],
  },
  {
    name: 'the breaker counts refusals',
    file: 'src/manager/guarded-lane.ts',
    edits: [
      [
        '!(error instanceof OverloadedError || error instanceof InvalidRequestError)',
        '!(error instanceof InvalidRequestError)',
      ],
    ],
  },
  {
    name: 'a retry needs no budget',
    file: 'src/manager/guarded-lane.ts',
    edits: [['if (!mayPass || !retries?.tryRetry()) throw error', 'if (!mayPass) throw error']],
  },
  {
    name: 'what was late is tried again',
    file: 'src/manager/guarded-lane.ts',
    edits: [['const mayPass = error instanceof StoreUnavailableError &&', 'const mayPass = error instanceof Error &&']],
  },
  {
    name: "the rail's rejection is let through",
    file: 'src/manager/serve-article.ts',
    edits: [['      return { read: null, error, tookMs: tookMs() }', '      throw error']],
  },
  {
    name: 'the article waits for its rail',
    file: 'src/manager/serve-article.ts',
    edits: [
      [
        'await settledWithin(railRead, afterArticleMs - timerLateMs, this.#clock)',
        'await settledWithin(railRead, 10 * afterArticleMs, this.#clock)',
      ],
    ],
  },
  {
    name: 'the listener on the reader stays when the rail has settled',
    file: 'src/manager/serve-article.ts',
    edits: [['    void railRead.then(forgetSignal)\n', '    void forgetSignal\n']],
  },
  {
    name: 'a reader who has left while the newest was looked up is read for',
    file: 'src/manager/serve-article.ts',
    edits: [['    signal?.throwIfAborted()\n    const articleRead', '    const articleRead']],
  },
  {
    name: 'rails are read while articles have to wait',
    file: 'src/manager/kept-reads.ts',
    edits: [['    if (this.#lanes.article.isCrowded) throw', '    if (this.#lanes.list.isCrowded) throw']],
  },
  {
    name: 'a list that was being read at a takedown stands in',
    file: 'src/manager/newest-fallback.ts',
    edits: [['const isCurrent = generation === this.#generation', 'const isCurrent = generation <= this.#generation']],
  },
  {
    name: 'an answer that was being made at a takedown is kept',
    file: 'src/http/ready-answers.ts',
    edits: [['      if (generation !== this.#generation) return\n', '']],
  },
  {
    name: 'a flood of what is read once pushes out what is read again',
    file: 'src/cache/memory-cache.ts',
    edits: [
      [
        'for (const entries of [this.#probation, this.#protected]) {',
        'for (const entries of [this.#protected, this.#probation]) {',
      ],
    ],
  },
]

/** The source with a mutation in it. @throws when its text is not there exactly once */
export function mutated(source: string, { name, file, edits }: Mutation): string {
  return edits.reduce((text, [find, replace]) => {
    const found = text.split(find).length - 1
    if (found !== 1)
      throw new Error(`"${name}" does not apply: ${file} has its text ${found} times, not once:\n${find}`)
    return text.replace(find, () => replace)
  }, source)
}
