/**
 * Keeps retries a small part of the calls: each call earns a tenth of a retry, each retry spends a whole one.
 *
 * Retries help against single failures and make an outage worse; a budget allows the first and cannot take part in the
 * second, whatever the number of layers that retry. It starts full, so that a service with few readers may retry too,
 * and saves at most `retriesMax`, so that a quiet night does not pay for a storm. It needs no clock.
 *
 * The idea is Finagle's `RetryBudget` and gRPC's retry throttling
 * (https://github.com/grpc/proposal/blob/master/A6-client-retries.md#throttling-retry-attempts-and-hedged-rpcs).
 */
export class RetryBudget {
  readonly #options: RetryBudgetOptions
  // In hundredths of a retry: a tenth has no exact binary fraction, and ten of them have to make one.
  #balance: number

  constructor(options: RetryBudgetOptions = { percent: 10, retriesMax: 10 }) {
    const { percent, retriesMax } = options
    if (!Number.isInteger(percent) || percent < 0 || percent > 100) {
      throw new RangeError(`percent must be a whole number from 0 to 100; it is ${percent}.`)
    }
    if (!Number.isInteger(retriesMax) || retriesMax < 0) {
      throw new RangeError(`retriesMax must be a whole number from 0; it is ${retriesMax}.`)
    }
    this.#options = options
    this.#balance = retriesMax * wholeRetry
  }

  /** A first attempt was made; a retry is no call of its own. */
  called(): void {
    this.#balance = earned(this.#balance, this.#options)
  }

  /** Takes one retry out of the budget. False: there is none left, and the failure has to stand. */
  tryRetry(): boolean {
    if (this.#balance < wholeRetry) return false
    this.#balance -= wholeRetry
    return true
  }
}

export interface RetryBudgetOptions {
  /** Retries per hundred calls, in the long run: 0 to 100. Default 10. */
  readonly percent: number
  /** The most that can be saved up, and what there is at the start. Default 10. */
  readonly retriesMax: number
}

const wholeRetry = 100

function earned(balance: number, { percent, retriesMax }: RetryBudgetOptions): number {
  return Math.min(balance + percent, retriesMax * wholeRetry)
}
