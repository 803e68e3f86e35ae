/**
 * How long a copy is good for, counted from when it was loaded, in milliseconds.
 *
 * ```
 * loaded ──── fresh ────▶ freshMs ── grace ──▶ graceMs ── if-error ──▶ ifErrorMs ── expired
 *              served        served, and loaded     asked again first; served
 *                            again behind it        only when that fails
 * ```
 *
 * Sources: RFC 5861 (`stale-while-revalidate`, `stale-if-error`); Varnish's grace.
 */
export interface Lifetime {
  readonly freshMs: number
  /** At least `freshMs`. */
  readonly graceMs: number
  /** At least `graceMs`. */
  readonly ifErrorMs: number
}

export type Age = 'fresh' | 'grace' | 'if-error' | 'expired'

/** What a copy of this age may be used for. */
export function ageOf(lifetime: Lifetime, ageMs: number): Age {
  if (ageMs < lifetime.freshMs) return 'fresh'
  if (ageMs < lifetime.graceMs) return 'grace'
  return ageMs < lifetime.ifErrorMs ? 'if-error' : 'expired'
}

/**
 * Spreads the end of freshness by up to a tenth either way, so that what was loaded together does not expire together.
 *
 * @param chance from 0 to below 1
 */
export function withJitter(lifetime: Lifetime, chance: number): Lifetime {
  const freshMs = lifetime.freshMs * (0.9 + 0.2 * chance)
  const graceMs = Math.max(freshMs, lifetime.graceMs)
  return { freshMs, graceMs, ifErrorMs: Math.max(graceMs, lifetime.ifErrorMs) }
}

/**
 * A copy of what was published long ago stays fresh for longer: `freshMs` on the first day, growing with its age to
 * ten times as long from the tenth day on. News is corrected within hours; and each correction is told of anyway, so
 * that freshness only bounds how long a lost message can matter.
 */
export function longerWithAge(lifetime: Lifetime, publishedMsAgo: number): Lifetime {
  const days = publishedMsAgo / (24 * 60 * 60 * 1000)
  const freshMs = lifetime.freshMs * Math.min(10, Math.max(1, days))
  const graceMs = Math.max(freshMs, lifetime.graceMs)
  return { freshMs, graceMs, ifErrorMs: Math.max(graceMs, lifetime.ifErrorMs) }
}

/**
 * Whether a fresh copy should be loaded again already, by chance: the nearer its end and the longer loading takes, the
 * likelier. So one reader of many loads it before it expires, and no two at the same time have to agree on who.
 *
 * `age − loadMs · beta · ln(chance) ≥ freshMs`, with a beta of 1.
 *
 * Source: A. Vattani, F. Chierichetti, K. Lowenstein, Optimal Probabilistic Cache Stampede Prevention (XFetch),
 * VLDB 2015 (https://cseweb.ucsd.edu/~avattani/papers/cache_stampede.pdf).
 *
 * @param chance from 0 to below 1
 */
export function isRefreshDueEarly(
  lifetime: Lifetime,
  { ageMs, loadMs }: { readonly ageMs: number; readonly loadMs: number },
  chance: number,
): boolean {
  // 1 - chance is never 0, whose logarithm would make every copy due.
  return ageMs - loadMs * Math.log(1 - chance) >= lifetime.freshMs
}
