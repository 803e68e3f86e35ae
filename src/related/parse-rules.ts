import type { Problem } from '../errors.ts'
import { defaultRules, type RailRules, storedRailLength } from './related.ts'

/** What became of rules that somebody wrote: rules, or everything that is wrong with them at once. */
export type ParsedRules =
  | { readonly ok: true; readonly rules: RailRules }
  | { readonly ok: false; readonly problems: readonly Problem[] }

/** Checks any JSON value as rules; what is left out has its default. Never throws. */
export function parseRules(value: unknown): ParsedRules {
  const problems: Problem[] = []
  const given = new Given(problems).object('', value, Object.keys(checks))
  const rules: Record<string, unknown> = { ...defaultRules }
  for (const [key, check] of Object.entries(checks)) {
    if (given[key] !== undefined) rules[key] = check(new Given(problems), given[key], key)
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, rules: rules as unknown as RailRules }
}

const checks: { readonly [Key in keyof RailRules]: (given: Given, value: unknown, path: string) => unknown } = {
  signals: (given, value, path) => given.numbers(path, value, defaultRules.signals, factor),
  // A number alone is meant for all sections.
  halfLifeDays: (given, value, path) =>
    typeof value === 'number'
      ? { '*': given.number(path, value, dayCount) }
      : Object.fromEntries(
          Object.entries(given.object(path, value, null)).map(([section, days]) => [
            section,
            given.number(`${path}.${section}`, days, dayCount),
          ]),
        ),
  evergreen: (given, value, path) => given.texts(path, value),
  sameSectionOnly: (given, value, path) => given.flag(path, value),
  minScore: (given, value, path) => given.number(path, value, { min: 0, max: 1 }),
  limit: (given, value, path) => given.countOrNull(path, value, storedRailLength),
  maxPerSource: (given, value, path) => given.countOrNull(path, value, storedRailLength),
  maxPerSection: (given, value, path) => given.countOrNull(path, value, storedRailLength),
  includeNewer: (given, value, path) => given.flag(path, value),
  exclude(given, value, path) {
    const known = given.object(path, value, Object.keys(defaultRules.exclude))
    const lists = Object.entries(defaultRules.exclude).map(([key, none]) => [
      key,
      known[key] === undefined ? none : given.texts(`${path}.${key}`, known[key]),
    ])
    return Object.fromEntries(lists)
  },
  collapseRepeats: (given, value, path) => given.flag(path, value),
}

interface Bounds {
  readonly min: number
  readonly max: number
}

/** More than a hundred times as much is a slip of the keyboard. */
const factor: Bounds = { min: 0, max: 100 }
const dayCount: Bounds = { min: 0.01, max: 100_000 }
const textsMax = 1000

/** Reads one value at a time, and notes what is wrong with it. */
class Given {
  readonly #problems: Problem[]

  constructor(problems: Problem[]) {
    this.#problems = problems
  }

  /** @param known the keys that it may have; null for any */
  object(path: string, value: unknown, known: readonly string[] | null): Record<string, unknown> {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      this.#wrong(path, `is ${shown(value)}; an object was expected`)
      return {}
    }
    for (const key of known === null ? [] : Object.keys(value).filter((each) => !known.includes(each))) {
      this.#wrong(path === '' ? key : `${path}.${key}`, `is not known; known are ${known!.join(', ')}`)
    }
    return { ...value }
  }

  numbers(path: string, value: unknown, defaults: object, bounds: Bounds): object {
    const given = this.object(path, value, Object.keys(defaults))
    const numbers = Object.entries(defaults).map(([key, standard]) => [
      key,
      given[key] === undefined ? standard : this.number(`${path}.${key}`, given[key], bounds),
    ])
    return Object.fromEntries(numbers)
  }

  number(path: string, value: unknown, { min, max }: Bounds): number {
    if (typeof value === 'number' && value >= min && value <= max) return value
    this.#wrong(path, `is ${shown(value)}; a number from ${min} to ${max} was expected`)
    return min
  }

  countOrNull(path: string, value: unknown, max: number): number | null {
    if (value === null || (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= max)) {
      return value as number | null
    }
    this.#wrong(path, `is ${shown(value)}; a whole number from 1 to ${max}, or null for any, was expected`)
    return null
  }

  flag(path: string, value: unknown): boolean {
    if (typeof value !== 'boolean') this.#wrong(path, `is ${shown(value)}; true or false was expected`)
    return value === true
  }

  texts(path: string, value: unknown): string[] {
    if (Array.isArray(value) && value.length <= textsMax && value.every((item) => typeof item === 'string'))
      return value
    this.#wrong(path, `is ${shown(value)}; a list of at most ${textsMax} texts was expected`)
    return []
  }

  #wrong(path: string, message: string): void {
    this.#problems.push({ path, message })
  }
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? typeof value
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}
