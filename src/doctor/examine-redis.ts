import type { Redis } from 'ioredis'
import { connectionOf, loadDriver, redisLocation } from '../cache/redis-cache.ts'
import type { Clock } from '../concurrency/clock.ts'
import { withDeadline } from '../concurrency/deadline.ts'
import { OnwardError } from '../errors.ts'
import { type Examination, Findings } from './check.ts'

/**
 * Looks whether a shared cache can be used, and if not, why; changes nothing there.
 *
 * @param budgetMs how long a reader waits for one answer of it
 * @throws the reason of `signal`
 */
export async function examineRedis(
  url: string,
  { budgetMs, clock, signal }: { readonly budgetMs: number; readonly clock: Clock; readonly signal: AbortSignal },
): Promise<Examination> {
  const findings = new Findings()
  let location = 'a Redis server'
  try {
    location = redisLocation(url)
    const driver = await loadDriver()
    const connection = connectionOf(url, { budgetMs: answerMs, random: () => 0 })
    const client = new driver({ ...connection, connectTimeout: answerMs, retryStrategy: () => null })
    let failure: unknown = null
    // The reason comes as an event, and the command only says that there is no connection. Without a listener it would end the process.
    client.on('error', (error) => {
      failure ??= error
    })
    try {
      await withDeadline(() => askAll(client, findings, { budgetMs, clock }), {
        clock,
        budgetMs: answerMs * 2,
        what: 'Asking the shared cache',
        signal,
      })
    } catch (error) {
      signal.throwIfAborted()
      findings.fail(findings.checks.length === 0 ? 'connection' : 'questions', explain(failure ?? error))
    } finally {
      client.disconnect()
    }
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof OnwardError)) throw error
    findings.fail('address', error.message)
  }
  return { part: 'cache', location, checks: findings.checks }
}

async function askAll(
  client: Redis,
  findings: Findings,
  { budgetMs, clock }: { budgetMs: number; clock: Clock },
): Promise<void> {
  await client.connect()
  const startedAt = clock.monotonicMs()
  await client.ping()
  const tookMs = clock.monotonicMs() - startedAt
  findings.ok('connection', 'The server answers, and lets this user in.')
  const found = `A question and its answer take ${tookMs.toFixed(1)} ms, and a reader waits for one at most ${budgetMs} ms.`
  if (tookMs < budgetMs) findings.ok('distance', found)
  else
    findings.warn(
      'distance',
      found,
      'Run it nearer, or set ONWARD_CACHE_BUDGET_MS higher: it is hardly ever waited for so.',
    )

  const info = fieldsOf(String(await client.info()))
  const version = info.get('redis_version') ?? 'unknown'
  if (Number.parseInt(version, 10) >= 6)
    findings.ok(
      'version',
      `Redis ${version}${info.has('valkey_version') ? ` (Valkey ${info.get('valkey_version')})` : ''}.`,
    )
  else findings.fail('version', `The server is Redis ${version}.`, 'Use Redis 6 or newer, or Valkey.')
  // It writes nothing, and needs what every read of onward needs.
  const script = await client.call('EVAL', 'return 1', '0').then(
    () => null,
    (error: unknown) => error,
  )
  if (script === null) findings.ok('rights', 'This user may run scripts.')
  else
    findings.fail(
      'rights',
      explain(script),
      'Let it: ACL SETUSER … +@read +@write +@scripting +@pubsub +@connection ~onward:* &onward:*',
    )
  if (info.get('role') === 'slave')
    findings.fail('writes', 'The server is a replica, and takes no writes.', 'Name the primary in the URL.')
  else findings.ok('writes', 'The server takes writes.')
  checkMemory(info, findings)
}

function checkMemory(info: ReadonlyMap<string, string>, findings: Findings): void {
  const most = Number(info.get('maxmemory') ?? 0)
  const used = Number(info.get('used_memory') ?? 0)
  const policy = info.get('maxmemory_policy') ?? 'unknown'
  const usedText = `${megabytes(used)} of ${megabytes(most)} are in use`
  const remedy = 'maxmemory-policy allkeys-lru, in its configuration'
  if (most === 0) {
    findings.warn(
      'memory',
      `There is no limit to the server's memory; ${megabytes(used)} are in use.`,
      'Set maxmemory, and maxmemory-policy allkeys-lru.',
    )
  } else if (policy !== 'noeviction') findings.ok('memory', `${usedText}; what is used least goes first (${policy}).`)
  else if (used >= most)
    findings.warn(
      'memory',
      `The memory is full: ${usedText}, and nothing may go (${policy}). What is there is read, and nothing is added.`,
      `Set ${remedy}.`,
    )
  else findings.warn('memory', `${usedText}, and nothing may go once it is full (${policy}).`, `Set ${remedy}.`)
}

/** `name:value` on lines, among headings. */
function fieldsOf(info: string): Map<string, string> {
  return new Map([...info.matchAll(/^([a-z_]+):(.*?)\r?$/gm)].map(([, name = '', value = '']) => [name, value]))
}

/** A sentence, and then the server's own words. None of them holds the password. */
function explain(error: unknown): string {
  const said = error instanceof Error ? error.message : String(error)
  const code = error instanceof Error && 'code' in error ? String(error.code) : (/^[A-Z]+/.exec(said)?.[0] ?? '')
  const what = words[code] ?? (/timed out|within its/.test(said) ? words.ETIMEDOUT : undefined) ?? 'The server failed'
  return `${what}. (${said || code})`
}

const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Nothing listens there. Check host and port, and that Redis runs',
  ENOTFOUND: 'There is no such host. Check the name in the URL',
  EAI_AGAIN: 'The name of the host cannot be looked up. Check it in the URL, and the network',
  ENOENT: 'There is no such socket. Check the path in the URL, and that Redis runs',
  EACCES: 'The socket may not be used by the user that runs onward',
  ETIMEDOUT: 'It does not answer. Check the network and the firewall, and whether it speaks TLS (rediss://)',
  ECONNRESET: 'The connection was cut. Does the server want TLS (rediss://)?',
  NOAUTH: 'The server wants a password. Put it into the URL: redis://:PASSWORD@HOST',
  WRONGPASS: 'The password is wrong, or the user is not known. Check both in the URL',
  NOPERM: 'The user may not do that',
  LOADING: 'The server is loading its data. Try again in a moment',
  MISCONF: 'The server refuses writes, since it cannot save to its disk. Look at its log',
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1024 / 1024)} MB`
}

const answerMs = 2000
