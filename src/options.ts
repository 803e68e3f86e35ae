import { InvalidOptionError } from './errors.ts'

/**
 * Every option of onward, declared once: type, unit, default, environment name, check.
 *
 * A value given in code wins over the environment, and the environment over the default. This is the only file that
 * reads `process.env`; the result of {@link resolveOptions} is complete, checked and frozen.
 */
export interface Options {
  readonly store: string | null
  readonly cache: string | null
  readonly cachePrefix: string
  readonly cacheBudgetMs: number
  readonly host: string
  readonly port: number
  readonly workers: number
  readonly role: (typeof roles)[number]
  readonly railsUnkeptMs: number
  readonly token: string | null
  readonly siteName: string
  readonly baseUrl: string | null
  readonly articleBudgetMs: number
  readonly railBudgetMs: number
  readonly afterArticleMs: number
  readonly railLimit: number
  readonly cacheBytesMax: number
  readonly articleFreshMs: number
  readonly articleGraceMs: number
  readonly articleIfErrorMs: number
  readonly railFreshMs: number
  readonly railGraceMs: number
  readonly railIfErrorMs: number
  readonly feedSilenceMs: number
  readonly articlesAtATime: number
  readonly railsAtATime: number
  readonly breakers: (typeof breakerModes)[number]
  readonly rehearse: string | null
  readonly logLevel: (typeof logLevels)[number]
  readonly accessLog: boolean
  readonly rules: unknown
  readonly headlineFactor: number
  readonly allowPrivateAddresses: boolean
}

/** What a process does for its store: serve readers, keep the rails, or both. */
export const roles = ['all', 'web', 'indexer'] as const

export const breakerModes = ['auto', 'held-closed'] as const

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const

export interface OptionSpec<Value> {
  readonly env: string
  readonly default: Value
  /** One sentence for `onward options`, with the unit. */
  readonly help: string
  /** Takes what was given in code, or the text from the environment; the message of what it throws is what was expected. */
  readonly parse: (given: unknown) => Value
}

const redisUrl =
  'an address such as redis://127.0.0.1:6379, rediss://cache.example:6380 or redis+unix:///run/redis.sock'

export const optionSpecs: { readonly [Name in keyof Options]: OptionSpec<Options[Name]> } = {
  store: {
    env: 'ONWARD_STORE',
    default: null,
    help: 'Where articles are kept, such as sqlite:news.db, postgres://onward@db.example/news or mysql://onward@db.example/news. Without it the library opens the sample newsroom in a temporary file, and the command line uses sqlite:onward.db.',
    parse: orNull(text('a store URL such as sqlite:news.db')),
  },
  cache: {
    env: 'ONWARD_CACHE',
    default: null,
    help: 'A Redis or Valkey that several processes share copies in, such as redis://127.0.0.1:6379; needs the package ioredis.',
    parse: orNull(
      checked(text(redisUrl), (value) => /^(?:rediss?|redis\+unix):/.test(value) && URL.canParse(value), redisUrl),
    ),
  },
  cachePrefix: {
    env: 'ONWARD_CACHE_PREFIX',
    default: 'onward',
    help: 'What every key in the shared cache begins with, so that several sites may share one server.',
    parse: checked(
      text('letters, digits, - and _'),
      (value) => /^[A-Za-z0-9_-]{1,40}$/.test(value),
      'up to 40 letters, digits, - and _',
    ),
  },
  cacheBudgetMs: {
    env: 'ONWARD_CACHE_BUDGET_MS',
    default: 20,
    help: 'How long one answer of the shared cache is waited for, in milliseconds.',
    parse: wholeNumber(1, 1000),
  },
  host: {
    env: 'ONWARD_HOST',
    default: '127.0.0.1',
    help: 'The address to listen on; 0.0.0.0 for every interface.',
    parse: text('an address such as 127.0.0.1'),
  },
  port: {
    env: 'ONWARD_PORT',
    default: 3000,
    help: 'The port to listen on, 0 for any free one.',
    parse: wholeNumber(0, 65_535),
  },
  workers: {
    env: 'ONWARD_WORKERS',
    default: 1,
    help: 'How many processes `onward serve` shares its port among, 1 to 128; each has its own memory, and its own connections to the store.',
    parse: wholeNumber(1, 128),
  },
  role: {
    env: 'ONWARD_ROLE',
    default: 'all',
    help: 'What this process does: web serves readers and keeps no rails, indexer keeps the rails and serves no pages, all does both.',
    parse: oneOf(roles),
  },
  railsUnkeptMs: {
    env: 'ONWARD_RAILS_UNKEPT_MS',
    default: 30_000,
    help: 'After how long without any process that keeps the rails /readyz and the log say so, in milliseconds.',
    parse: wholeNumber(0, 24 * 60 * 60_000),
  },
  token: {
    env: 'ONWARD_TOKEN',
    default: null,
    help: 'The secret that writes over HTTP must carry, at least 16 characters. Without it writes answer 403.',
    parse: orNull(checked(text('a secret'), (value) => value.length >= 16, 'a secret of at least 16 characters')),
  },
  siteName: {
    env: 'ONWARD_SITE_NAME',
    default: 'onward newsroom',
    help: 'The name of the site, at the head of its pages.',
    parse: text('a name'),
  },
  baseUrl: {
    env: 'ONWARD_BASE_URL',
    default: null,
    help: 'The address under which readers reach the site, for canonical links, such as https://news.example.',
    parse: orNull(checked(text('a URL'), isHttpUrl, 'an address such as https://news.example')),
  },
  articleBudgetMs: {
    env: 'ONWARD_ARTICLE_BUDGET_MS',
    default: 800,
    help: 'How long reading an article may take, in milliseconds.',
    parse: wholeNumber(1, 60_000),
  },
  railBudgetMs: {
    env: 'ONWARD_RAIL_BUDGET_MS',
    default: 150,
    help: 'How long reading a rail may take in all, in milliseconds.',
    parse: wholeNumber(1, 60_000),
  },
  afterArticleMs: {
    env: 'ONWARD_AFTER_ARTICLE_MS',
    default: 25,
    help: 'How long a JSON answer may wait for the rail once its article is ready, in milliseconds.',
    parse: wholeNumber(0, 60_000),
  },
  railLimit: {
    env: 'ONWARD_RAIL_LIMIT',
    default: 6,
    help: 'How many related articles a rail shows, 1 to 20.',
    parse: wholeNumber(1, 20),
  },
  cacheBytesMax: {
    env: 'ONWARD_CACHE_BYTES_MAX',
    default: 128 * 1024 * 1024,
    help: 'How much memory copies of articles, rails and pages may take together, in bytes; 0 for no copies at all.',
    parse: wholeNumber(0, 2 ** 40),
  },
  articleFreshMs: lifetime('ONWARD_ARTICLE_FRESH_MS', 60_000, 'an article counts as fresh'),
  articleGraceMs: lifetime('ONWARD_ARTICLE_GRACE_MS', 10 * 60_000, 'an article is served while it is read again'),
  articleIfErrorMs: lifetime(
    'ONWARD_ARTICLE_IF_ERROR_MS',
    24 * 60 * 60_000,
    'an article is served when it cannot be read',
  ),
  railFreshMs: lifetime('ONWARD_RAIL_FRESH_MS', 5 * 60_000, 'a rail counts as fresh'),
  railGraceMs: lifetime('ONWARD_RAIL_GRACE_MS', 60 * 60_000, 'a rail is served while it is read again'),
  railIfErrorMs: lifetime('ONWARD_RAIL_IF_ERROR_MS', 7 * 24 * 60 * 60_000, 'a rail is served when it cannot be read'),
  feedSilenceMs: {
    env: 'ONWARD_FEED_SILENCE_MS',
    default: 10_000,
    help: 'After how long without word from the change feed no copy is served before the store was asked, in milliseconds.',
    parse: wholeNumber(1000, 24 * 60 * 60_000),
  },
  articlesAtATime: {
    env: 'ONWARD_ARTICLES_AT_A_TIME',
    default: 64,
    help: 'The most articles that are read from the store at the same time; how many are, up to that, is learnt.',
    parse: wholeNumber(1, 1000),
  },
  railsAtATime: {
    env: 'ONWARD_RAILS_AT_A_TIME',
    default: 32,
    help: 'The most rails that are read from the store at the same time; how many are, up to that, is learnt.',
    parse: wholeNumber(1, 1000),
  },
  breakers: {
    env: 'ONWARD_BREAKERS',
    default: 'auto',
    help: 'held-closed: what keeps failing is asked all the same, to measure what the circuit breakers are worth.',
    parse: oneOf(breakerModes),
  },
  rehearse: {
    env: 'ONWARD_REHEARSE',
    default: null,
    help: 'An outage to rehearse: rail=slow:2000, rail=fail, rail=hang, article=slow:200, store=down, parted by commas.',
    parse: orNull(text('an outage such as rail=hang')),
  },
  logLevel: {
    env: 'ONWARD_LOG_LEVEL',
    default: 'info',
    help: `What is logged: ${logLevels.join(', ')}.`,
    parse: oneOf(logLevels),
  },
  rules: {
    env: 'ONWARD_RULES',
    default: {},
    help: 'What a publisher decides about rails, as an object in code or its JSON, such as {"maxPerSource":2,"halfLifeDays":{"sport":3}}; see docs/relatedness.md.',
    parse(given) {
      if (typeof given === 'object' && given !== null) return given
      try {
        return JSON.parse(String(given))
      } catch {
        throw new Error('a JSON object such as {"maxPerSource":2}')
      }
    },
  },
  headlineFactor: {
    env: 'ONWARD_HEADLINE_FACTOR',
    default: 1,
    help: 'How much the words of a headline count, 0 to 10; 1 is what was found to be best.',
    parse(given) {
      const value = typeof given === 'string' ? Number(given) : given
      if (typeof value !== 'number' || !(value >= 0 && value <= 10)) throw new Error('a number from 0 to 10')
      return value
    },
  },
  accessLog: {
    env: 'ONWARD_ACCESS_LOG',
    default: false,
    help: 'true: a line is logged for each request, not only for those that failed or were slow.',
    parse: trueOrFalse,
  },
  allowPrivateAddresses: {
    env: 'ONWARD_ALLOW_PRIVATE_ADDRESSES',
    default: false,
    help: 'true: feeds may be fetched from private and loopback addresses too.',
    parse: trueOrFalse,
  },
}

/**
 * @throws InvalidOptionError when an option is unknown, or has a value that it cannot have
 */
export function resolveOptions(given: Partial<Options> = {}, env: NodeJS.ProcessEnv = process.env): Options {
  const names = Object.keys(optionSpecs) as Array<keyof Options>
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(optionSpecs, name))
  if (unknown !== undefined) {
    throw new InvalidOptionError(`There is no option ${JSON.stringify(unknown)}. The options are: ${names.join(', ')}.`)
  }
  const entries = names.map((name) => [name, resolveOne(name, given[name], env)] as const)
  return Object.freeze(Object.fromEntries(entries)) as unknown as Options
}

/** One option alone, as {@link resolveOptions} would resolve it. */
export function resolveOption<Name extends keyof Options>(name: Name, given?: Options[Name]): Options[Name] {
  return resolveOne(name, given, process.env) as Options[Name]
}

function resolveOne(name: keyof Options, given: unknown, env: NodeJS.ProcessEnv): unknown {
  const spec: OptionSpec<unknown> = optionSpecs[name]
  // An empty environment variable is one that somebody meant to leave unset.
  const fromEnv = env[spec.env] === '' ? undefined : env[spec.env]
  const value = given === undefined ? fromEnv : given
  if (value === undefined) return spec.default
  try {
    return spec.parse(value)
  } catch (expectation) {
    const where = given === undefined ? `The environment variable ${spec.env}` : `The option ${name}`
    // The URL of a cache may carry a password, and where it is in one that is malformed nobody can tell.
    const isSecret = name === 'token' || name === 'cache'
    const shown = isSecret ? 'set to a value that is not shown' : JSON.stringify(value)
    throw new InvalidOptionError(`${where} is ${shown}; expected ${(expectation as Error).message}.`)
  }
}

// The parsers below throw the expectation alone as message: resolveOne knows the option's name and puts it into a sentence.

function text(expected: string): (given: unknown) => string {
  return (given) => {
    if (typeof given !== 'string' || given.trim() === '') throw new Error(expected)
    return given.trim()
  }
}

function wholeNumber(min: number, max: number): (given: unknown) => number {
  return (given) => {
    const value = typeof given === 'string' && /^\d+$/.test(given.trim()) ? Number(given) : given
    if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
      throw new Error(`a whole number from ${min} to ${max}`)
    }
    return value
  }
}

function oneOf<Value extends string>(values: readonly Value[]): (given: unknown) => Value {
  return (given) => {
    const value = values.find((known) => known === given)
    if (value === undefined) throw new Error(`one of ${values.join(', ')}`)
    return value
  }
}

function lifetime(env: string, defaultMs: number, what: string): OptionSpec<number> {
  const help = `Up to what age ${what}, in milliseconds.`
  return { env, default: defaultMs, help, parse: wholeNumber(0, 30 * 24 * 60 * 60_000) }
}

function trueOrFalse(given: unknown): boolean {
  if (given === true || given === 'true' || given === '1') return true
  if (given === false || given === 'false' || given === '0') return false
  throw new Error('true or false')
}

function checked<Value>(parse: (given: unknown) => Value, holds: (value: Value) => boolean, expected: string) {
  return (given: unknown): Value => {
    const value = parse(given)
    if (!holds(value)) throw new Error(expected)
    return value
  }
}

function orNull<Value>(parse: (given: unknown) => Value) {
  return (given: unknown): Value | null => (given === null ? null : parse(given))
}

function isHttpUrl(value: string): boolean {
  return URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)
}
