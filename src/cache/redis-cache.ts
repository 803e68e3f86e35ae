import { createHash, randomUUID } from 'node:crypto'
import type { Redis, RedisOptions } from 'ioredis'
import { CircuitBreaker } from '../concurrency/circuit-breaker.ts'
import { type Clock, pause } from '../concurrency/clock.ts'
import { withDeadline } from '../concurrency/deadline.ts'
import { InvalidOptionError, OverloadedError } from '../errors.ts'
import { publish } from '../events.ts'
import type { SharedCache, SharedLookUp } from './shared-cache.ts'

/**
 * A shared cache in Redis or Valkey.
 *
 * Whatever Redis does, it costs speed and nothing else: each command has `budgetMs`, so many are under way at most, and
 * after five that fail in a row none is sent until a probe in the background has succeeded. Nothing waits for a connection,
 * neither here nor in a read. Memory that is full refuses what would be written; what is there is read all the same.
 *
 * A key holds a value under `prefix:format:store:{key}` and, beside it, the task of loading it (`…:lease`), which ends by
 * itself. Both have the same hash tag, so that one script may touch them in a cluster too.
 *
 * @throws InvalidOptionError when the URL is none, or the driver is not installed
 */
export async function openRedisCache(options: RedisCacheOptions): Promise<SharedCache> {
  const location = redisLocation(options.url)
  return new RedisCache(await loadDriver(), location, options)
}

export interface RedisCacheOptions {
  /** `redis://[user:password@]host[:port][/db]`, `rediss://` with TLS, or `redis+unix:///path/to/socket`. */
  readonly url: string
  /** Before every key, so that several sites may share one server. */
  readonly prefix: string
  /** Which store the values are of; hashed, since it may name hosts. */
  readonly storeName: string
  /** How long a reader waits for one answer, in milliseconds. */
  readonly budgetMs: number
  readonly clock: Clock
  /** From 0 to below 1. */
  readonly random: () => number
}

/**
 * Where the server is, without user and password.
 *
 * @throws InvalidOptionError, which shows nothing of the URL: its password may be anywhere in one that is malformed
 */
export function redisLocation(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : null
  if (!parsed || !/^(?:rediss?|redis\+unix):$/.test(parsed.protocol)) {
    throw new InvalidOptionError(
      'The cache cannot be used: expected redis://host:6379, rediss://host:6380 or redis+unix:///path/to/socket.',
    )
  }
  return `${parsed.protocol}//${parsed.host}${parsed.pathname}`
}

class RedisCache implements SharedCache {
  readonly location: string
  readonly #options: RedisCacheOptions
  readonly #commands: Redis
  readonly #messages: Redis
  readonly #breaker: CircuitBreaker
  readonly #keys: string
  readonly #channel: string
  /** Tells this process's own announcements from others'. */
  readonly #self = randomUUID()
  readonly #listeners = new Set<() => void>()
  readonly #stop = new AbortController()
  #inFlight = 0
  #announcedAt = Number.NEGATIVE_INFINITY
  #cancelAnnouncement: (() => void) | null = null

  constructor(driver: typeof Redis, location: string, options: RedisCacheOptions) {
    const { clock, random, prefix, storeName, budgetMs } = options
    this.location = location
    this.#options = options
    this.#keys = `${prefix}:${format}:${createHash('sha256').update(storeName).digest('hex').slice(0, 16)}:`
    this.#channel = `${this.#keys}changed`
    const connection = connectionOf(options.url, { budgetMs, random })
    this.#commands = new driver(connection)
    this.#messages = new driver(connection)
    for (const [client, what] of [
      [this.#commands, 'the shared cache'],
      [this.#messages, 'the announcements of changes'],
    ] as const) {
      // Without a listener a lost connection would end the process. It is told once for each time that it is lost.
      let isLost = false
      client.on('error', (error) => {
        if (!isLost) publish('background-failed', () => ({ what: `being connected with ${what}`, error }))
        isLost = true
      })
      client.on('ready', () => {
        isLost = false
      })
    }
    this.#messages.on('ready', () => {
      this.#messages.subscribe(this.#channel).then(
        // Whatever was said while nobody listened.
        () => this.#tell(),
        (error: unknown) => this.#failed('listening for announcements', error),
      )
    })
    this.#messages.on('message', (_channel, message) => {
      if (message !== this.#self) this.#tell()
    })
    this.#breaker = new CircuitBreaker({
      name: 'The shared cache',
      clock,
      random,
      probe: async () => void (await this.#commands.ping()),
      isFailure: (error) => !(error instanceof OverloadedError),
      onEvent: ({ became }) => {
        publish('breaker-changed', () => ({ lane: 'shared', became }))
        // A peer that has fallen silent is connected with anew, and what it still owed us is dropped: no command piles up.
        if (became === 'open') this.#commands.disconnect(true)
      },
    })
    for (const client of [this.#commands, this.#messages]) {
      // Behind whoever opens the cache: a server that is away must not delay the start. The error event tells of a failure.
      client.connect().catch(() => {})
    }
  }

  async lookUp<Value>(
    key: string,
    accept: (bytes: Buffer) => Value | null,
    { signal }: { readonly signal?: AbortSignal | undefined },
  ): Promise<SharedLookUp<Value>> {
    const { clock } = this.#options
    const token = randomUUID()
    const waitUntil = clock.monotonicMs() + waitForOthersMs
    let isRefused = false
    try {
      for (;;) {
        const [bytes, isMine] = await this.#ask(() => this.#take(key, token, isRefused), signal)
        if (isMine) return { state: isRefused ? 'refused' : 'miss', lease: token }
        const value = bytes === null ? null : accept(bytes)
        if (value !== null) return { state: 'hit', value }
        if (bytes !== null && !isRefused) {
          isRefused = true
          continue
        }
        if (clock.monotonicMs() >= waitUntil) return { state: 'waited', lease: null }
        await pause(clock, askAgainMs, signal)
      }
    } catch {
      signal?.throwIfAborted()
      return { state: 'unavailable', lease: null }
    }
  }

  keep(
    key: string,
    bytes: Buffer,
    { keepMs, lease }: { readonly keepMs: number; readonly lease: string | null },
  ): void {
    if (bytes.length > valueBytesMax || keepMs < 1) {
      if (lease !== null) this.giveBack(key, lease)
      return
    }
    const put = () =>
      runScript(
        this.#commands,
        scripts.put,
        [this.#valueKey(key), this.#leaseKey(key)],
        [bytes, Math.floor(keepMs), lease ?? ''],
      )
    this.#ask(put, undefined).then(
      (isKept) => publish('shared-written', () => ({ outcome: isKept === 1 ? 'kept' : 'full' })),
      () => publish('shared-written', () => ({ outcome: 'failed' })),
    )
  }

  giveBack(key: string, lease: string): void {
    const give = () => runScript(this.#commands, scripts.giveBack, [this.#leaseKey(key)], [lease])
    // It ends by itself soon after, too.
    this.#ask(give, undefined).catch(() => {})
  }

  announce(): void {
    if (this.#cancelAnnouncement || this.#stop.signal.aborted) return
    const { clock } = this.#options
    const send = () => {
      this.#cancelAnnouncement = null
      this.#announcedAt = clock.monotonicMs()
      this.#ask(() => this.#commands.publish(this.#channel, this.#self), undefined).catch(() => {})
    }
    const dueMs = this.#announcedAt + announceEveryMs - clock.monotonicMs()
    if (dueMs <= 0) send()
    else this.#cancelAnnouncement = clock.after(dueMs, send)
  }

  onAnnounced(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new DOMException('The shared cache is closed.', 'AbortError'))
    this.#cancelAnnouncement?.()
    this.#breaker[Symbol.dispose]()
    this.#listeners.clear()
    // Nothing is waited for: what was to be kept is a copy, and the server may be away.
    for (const client of [this.#commands, this.#messages]) client.disconnect()
  }

  #valueKey(key: string): string {
    return `${this.#keys}{${key}}`
  }

  #leaseKey(key: string): string {
    return `${this.#keys}{${key}}:lease`
  }

  async #take(key: string, token: string, isRefused: boolean): Promise<[Buffer | null, boolean]> {
    const answer = await runScript(
      this.#commands,
      scripts.take,
      [this.#valueKey(key), this.#leaseKey(key)],
      [token, leaseMs, isRefused ? '1' : '0', valueBytesMax],
    )
    if (!Array.isArray(answer)) throw new Error('Redis gave something else than what the script returns.')
    const [bytes, isMine] = answer as unknown[]
    return [Buffer.isBuffer(bytes) ? bytes : null, isMine === 1]
  }

  /** One command: not while the breaker is open, not past the bound, and never for longer than the budget. */
  #ask<T>(command: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const { clock, budgetMs } = this.#options
    return this.#breaker.run(
      async () => {
        if (this.#inFlight >= inFlightMax) throw new OverloadedError('Enough is being asked of the shared cache.')
        this.#inFlight++
        // Counted until the driver has let go of it, which it does a little after we have.
        const answered = command().finally(() => this.#inFlight--)
        return await withDeadline(() => answered, { clock, budgetMs, what: 'The shared cache', signal })
      },
      { signal },
    )
  }

  #tell(): void {
    for (const listener of this.#listeners) listener()
  }

  #failed(what: string, error: unknown): void {
    if (!this.#stop.signal.aborted) publish('background-failed', () => ({ what, error }))
  }
}

/** The driver, which is installed by those alone who use it. @throws InvalidOptionError when it is not */
export async function loadDriver(): Promise<typeof Redis> {
  try {
    return (await import('ioredis')).Redis
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND')) throw error
    throw new InvalidOptionError('A cache was named, and its driver is not installed: npm install ioredis.')
  }
}

/** Its types want this one spelt out. */
type DriverOptions = RedisOptions & { replyMapping: 'legacy' }

/** What a URL says, for the driver. */
export function connectionOf(
  url: string,
  { budgetMs, random }: { budgetMs: number; random: () => number },
): DriverOptions {
  const { protocol, hostname, port, username, password, pathname, searchParams } = new URL(url)
  const isUnix = protocol === 'redis+unix:'
  const db = isUnix ? searchParams.get('db') : pathname.slice(1)
  const address = isUnix
    ? { path: decodeURIComponent(pathname) }
    : { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 6379) }
  const options: DriverOptions = {
    replyMapping: 'legacy',
    ...address,
    lazyConnect: true,
    // A command that waits for a connection would be a reader who waits for it.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    connectTimeout: 1000,
    // Later than our own budget: it only sees to it that the driver lets go of what is not answered.
    commandTimeout: Math.max(budgetMs * 2, 100),
    retryStrategy: (times) => Math.min(1000, 50 * 2 ** times) * (0.5 + random() / 2),
    autoResendUnfulfilledCommands: false,
    // Done with each connection, so that we know when we are told.
    autoResubscribe: false,
  }
  if (protocol === 'rediss:') options.tls = { servername: hostname }
  if (username !== '') options.username = decodeURIComponent(username)
  if (password !== '') options.password = decodeURIComponent(password)
  if (db) options.db = Number(db)
  return options
}

/** Values before this one are written otherwise, and are not found. */
const format = 'v1'
/** A reader of a missing key waits so long for the process that loads it: less than most loads take, more than the usual one. */
const waitForOthersMs = 40
const askAgainMs = 10
/** As long as a load may take, about. A process that dies while it loads holds up the others only by their own bound. */
const leaseMs = 1000
const inFlightMax = 1000
/** The longest articles are a tenth of it. */
const valueBytesMax = 1024 * 1024
const announceEveryMs = 20

interface Script {
  readonly text: string
  readonly sha: string
}

/**
 * KEYS: value, lease. ARGV: token, milliseconds of the lease, whether the value was refused, the most bytes.
 * Gives the value, or the lease (1). Where memory is full and no lease can be written, everybody loads for himself.
 */
const take = `
local value = false
if redis.call('STRLEN', KEYS[1]) <= tonumber(ARGV[4]) then value = redis.call('GET', KEYS[1]) end
if value and ARGV[3] == '0' then return {value, 0} end
local taken = redis.pcall('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2])
if taken and (taken.ok or taken.err) then return {false, 1} end
return {value, 0}`

/** KEYS: value, lease. ARGV: bytes, milliseconds to keep them, token. Gives 1, or 0 where memory is full. */
const put = `
local kept = redis.pcall('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
if redis.call('GET', KEYS[2]) == ARGV[3] then redis.call('DEL', KEYS[2]) end
if kept.err then return 0 end
return 1`

/** KEYS: lease. ARGV: token. */
const giveBack = `
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`

const scripts = { take: scriptOf(take), put: scriptOf(put), giveBack: scriptOf(giveBack) }

function scriptOf(text: string): Script {
  return { text, sha: createHash('sha1').update(text).digest('hex') }
}

/** By its hash, which is what is sent each time; with its text where the server has not seen it since it started. */
async function runScript(
  client: Redis,
  { text, sha }: Script,
  keys: readonly string[],
  args: ReadonlyArray<string | number | Buffer>,
): Promise<unknown> {
  try {
    return await client.callBuffer('EVALSHA', sha, keys.length, ...keys, ...args)
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
    return await client.callBuffer('EVAL', text, keys.length, ...keys, ...args)
  }
}
