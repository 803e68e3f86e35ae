import cliProgress from 'cli-progress'

/**
 * Shows how far a long piece of work is: a bar on a terminal, a plain line every two seconds elsewhere.
 *
 * @param stream where it is shown; standard error, since standard output is for results
 */
export function openProgress(stream: NodeJS.WriteStream, what: string, unit: string): Progress {
  return stream.isTTY ? new ProgressBar(stream, what, unit) : new ProgressLines(stream, what, unit)
}

export interface Progress extends Disposable {
  update(state: ProgressState): void
}

export interface ProgressState {
  /** Units that are done, for the rate. */
  readonly count: number
  /** 0 to 1; null when the end is not known. */
  readonly share: number | null
}

class ProgressBar implements Progress {
  readonly #bar: cliProgress.SingleBar
  readonly #startedAt = performance.now()

  constructor(stream: NodeJS.WriteStream, what: string, unit: string) {
    this.#bar = new cliProgress.SingleBar(
      {
        stream,
        format: `${what} [{bar}] {percentage}% | {count} ${unit} | {rate}/s | {left}`,
        hideCursor: true,
        clearOnComplete: true,
        fps: 10,
      },
      cliProgress.Presets.legacy,
    )
    this.#bar.start(100, 0, { count: 0, rate: 0, left: 'starting' })
  }

  update({ count, share }: ProgressState): void {
    const seconds = (performance.now() - this.#startedAt) / 1000
    const payload = { count, rate: Math.round(count / seconds), left: timeLeft(seconds, share) }
    this.#bar.update(Math.floor((share ?? 0) * 100), payload)
  }

  [Symbol.dispose](): void {
    this.#bar.stop()
  }
}

class ProgressLines implements Progress {
  readonly #stream: NodeJS.WriteStream
  readonly #what: string
  readonly #unit: string
  readonly #startedAt = performance.now()
  #shownAt = this.#startedAt

  constructor(stream: NodeJS.WriteStream, what: string, unit: string) {
    this.#stream = stream
    this.#what = what
    this.#unit = unit
  }

  update({ count, share }: ProgressState): void {
    const now = performance.now()
    if (now - this.#shownAt < lineEveryMs) return
    this.#shownAt = now
    const seconds = (now - this.#startedAt) / 1000
    const percent = share === null ? '' : ` (${Math.floor(share * 100)}%)`
    const rate = Math.round(count / seconds)
    this.#stream.write(`${this.#what}: ${count} ${this.#unit}${percent}, ${rate}/s, ${timeLeft(seconds, share)}\n`)
  }

  [Symbol.dispose](): void {}
}

function timeLeft(seconds: number, share: number | null): string {
  if (share === null || share <= 0) return 'time left unknown'
  const left = Math.ceil((seconds * (1 - share)) / share)
  return left >= 60 ? `${Math.floor(left / 60)} min ${left % 60} s left` : `${left} s left`
}

const lineEveryMs = 2000
