import { readFileSync } from 'node:fs'
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { OnwardError } from '../errors.ts'
import { type TruthName, truthNames } from '../evaluate/ground-truth.ts'
import { optionSpecs } from '../options.ts'
import { flushOutputs, OutputError, type Outputs, ReaderLeft, watchOutputs } from './outputs.ts'

/**
 * Runs one command line and gives its exit code: 0 done, 1 failed, 2 used wrongly, 130 ended by Ctrl-C.
 *
 * A command's module is loaded when it is used, so that `onward help` loads no driver and no server. What a command
 * gives goes to standard output; progress, warnings and errors go to standard error.
 *
 * @param argv the arguments alone, without the runtime and the script
 */
export async function main(argv: readonly string[]): Promise<number> {
  const stop = new AbortController()
  const stopListening = stopOnSignals(stop)
  const outputs = watchOutputs(stop)
  try {
    const exitCode = await run(argv, outputs, stop.signal)
    await flushOutputs()
    if (outputs.failure === null) return exitCode
    process.stderr.write(`onward: ${outputs.failure.message}\n`)
    return 1
  } finally {
    stopListening()
  }
}

async function run(argv: readonly string[], outputs: Outputs, signal: AbortSignal): Promise<number> {
  let exitCode = 0
  const program = createProgram({ signal, outputs }, (code) => {
    exitCode = code
  })
  try {
    await program.parseAsync(argv, { from: 'user' })
    return exitCode
  } catch (error) {
    return failed(error, signal)
  }
}

/** Ctrl-C and the system's request to end abort `stop`; gives a function that ends the listening. */
function stopOnSignals(stop: AbortController): () => void {
  let wasInterrupted = false
  const onTerminate = () => stop.abort(new Interrupted())
  const onInterrupt = () => {
    if (wasInterrupted) endNow()
    wasInterrupted = true
    stop.abort(new Interrupted())
  }
  const stopListening = () => {
    process.off('SIGINT', onInterrupt).off('SIGTERM', onTerminate)
  }
  // A second Ctrl-C means now. Not process.exit(): it waits for Node's own threads, and one of them may be stuck on a disk.
  const endNow = () => {
    stopListening()
    process.kill(process.pid, 'SIGINT')
  }
  // Those who send SIGTERM send it more than once, as npm and process managers do: only a person is that impatient.
  process.on('SIGINT', onInterrupt).on('SIGTERM', onTerminate)
  return stopListening
}

function createProgram(
  { signal, outputs }: { signal: AbortSignal; outputs: Outputs },
  exit: (code: number) => void,
): Command {
  const program = new Command('onward')
    .description(
      'Serves an article and its related articles; nothing that happens to the related ones delays the article.',
    )
    .version(version())
    .exitOverride()
    .showHelpAfterError('(onward help COMMAND tells more)')
    .addHelpText('after', tour)

  program
    .command('serve')
    .description("the site and the API: reader's pages, JSON, health, metrics")
    .addOption(storeOption())
    .addOption(new Option('--port <number>', optionSpecs.port.help))
    .addOption(new Option('--host <address>', optionSpecs.host.help))
    .addOption(new Option('--workers <number>', optionSpecs.workers.help))
    .addOption(new Option('--worker <number>', 'which of the workers this process is').hideHelp())
    .addOption(new Option('--role <role>', optionSpecs.role.help))
    .addOption(new Option('--cache <url>', optionSpecs.cache.help))
    .addOption(new Option('--rehearse <outage>', optionSpecs.rehearse.help))
    .addOption(new Option('--log-level <level>', optionSpecs.logLevel.help))
    .option('--sample', 'load the sample newsroom when the store is empty')
    .action(async (flags: ServeFlags) => {
      outputs.stopsWithReader = false
      outputs.stopsOnFailure = false
      const { serve } = await import('./serve.ts')
      await serve(flags, signal)
    })

  program
    .command('ingest')
    .description('reads articles from files, folders and addresses into the store, and works out their rails')
    .argument(
      '<source...>',
      'files, folders, http(s) addresses, or - for standard input; .gz too; the format is detected. Or, with --mapping, the URL of the database of a content system, such as mysql://reader@db.example/cms',
    )
    .addOption(storeOption())
    .option(
      '--mapping <name>',
      "which table of a database is read, and how: wordpress, ghost, or a file that describes one's own",
    )
    .option('--dry-run', 'check everything, store nothing')
    .option(
      '--rejects <file>',
      'write rejected records anew to this file, as JSON Lines with their line and the reasons (default: they are added to onward-rejects.jsonl)',
    )
    .option('--republish', 'bring back articles that were taken down, when the source has them')
    .option('--every <time>', 'keep following the addresses and tables, such as 5m, 90s or 1h', parseTime)
    .addOption(
      new Option('--concurrency <number>', 'how many sources are read at the same time')
        .argParser(parseCount)
        .default(4),
    )
    .option('--allow-private-addresses', optionSpecs.allowPrivateAddresses.help)
    .action(async (sources: string[], flags: IngestFlags) => {
      outputs.stopsWithReader = false
      const { ingestCommand } = await import('./ingest.ts')
      exit(await ingestCommand(sources, flags, signal))
    })

  program
    .command('takedown')
    .description(
      'takes an article down; with --verify, asks every node until none shows it, and prints a timed receipt',
    )
    .argument('<id>', 'the article, as in the address of its page')
    .addOption(storeOption())
    .option('--verify', 'ask the store, and each node, until none shows the article')
    .addOption(
      new Option('--at, --node <url>', 'a node to ask, by its own address; once for each node')
        .argParser((given: string, before: readonly string[]) => [...before, given])
        .default([], 'none'),
    )
    .addOption(
      new Option('--within <seconds>', 'how long it may take until all are clean, 1 to 3600')
        .argParser(parseSeconds)
        .default(10),
    )
    .addOption(new Option('--format <format>', 'how the receipt is printed').choices(['text', 'json']).default('text'))
    .action(async (id: string, flags: TakedownFlags) => {
      outputs.stopsWithReader = false
      const { takedownCommand } = await import('./takedown.ts')
      exit(await takedownCommand(id, flags, signal))
    })

  program
    .command('related')
    .description('related articles of a file, folder, feed or store, without a server: the five-minute trial')
    .argument('<source>', 'a file, folder or address as for ingest, or a store URL such as sqlite:news.db')
    .option('--id <id>', 'the related articles of this article')
    .option('--all', 'of every article')
    .addOption(new Option('--limit <number>', 'how many for each article').argParser(parseCount).default(10))
    .option('--explain', 'say why, with the parts of each score')
    .option('--why-not <id>', 'why this article is not in the rail of the one named with --id')
    .option('--rules <file>', 'a JSON file of rules for rails, such as {"maxPerSource": 2}')
    .option('--diff <files...>', 'two files of rules, OLD and NEW: which rails change from one to the other, and how')
    .addOption(new Option('--format <format>', 'how it is printed').choices(['text', 'jsonl']).default('text'))
    .option('--allow-private-addresses', optionSpecs.allowPrivateAddresses.help)
    .action(async (source: string, flags: RelatedFlags) => {
      const { relatedCommand } = await import('./related.ts')
      exit(await relatedCommand(source, flags, signal))
    })

  program
    .command('report')
    .description('measures serving before and after onward, on your articles or generated ones, and draws a report')
    .option('--store <url>', 'measure on the articles of this store, and on its kind of database; it is only read')
    .option('--data <source>', 'measure on the articles of this file, folder or address')
    .option(
      '--on <url>',
      'measure on this PostgreSQL or MariaDB server, in a database of its own that is dropped again',
    )
    .option('--out <folder>', 'where report.html, report.md and report.json are written', 'onward-report')
    .addOption(
      new Option(
        '--seconds <number>',
        'length of each run; 2 is a quick look (default: 3, or 20 with --full)',
      ).argParser(parseCount),
    )
    .option('--modes <mode...>', 'only these: blocking, sequential, concurrent, capped, ..., onward')
    .option('--full', 'all modes, everything at length: about an hour')
    .addOption(
      new Option('--articles <number>', 'how many are generated without --data (default: 20000)').argParser(
        parseLargeCount,
      ),
    )
    .action(async (flags: ReportFlags) => {
      outputs.stopsWithReader = false
      const { reportCommand } = await import('./report.ts')
      exit(await reportCommand(flags, signal))
    })

  program
    .command('doctor')
    .description('looks at the store and the shared cache: what is wrong with them, and what to do; changes nothing')
    .addOption(storeOption())
    .addOption(new Option('--redis, --cache <url>', optionSpecs.cache.help))
    .addOption(new Option('--format <format>', 'how it is printed').choices(['text', 'json']).default('text'))
    .action(async (flags: DoctorFlags) => {
      const { doctorCommand } = await import('./doctor.ts')
      exit(await doctorCommand(flags, signal))
    })

  program
    .command('generate')
    .description('news-like articles in invented words, with stories as ground truth, to measure at any size')
    .addOption(new Option('--articles <number>', 'how many').argParser(parseLargeCount).makeOptionMandatory())
    .addOption(
      new Option('--seed <number>', 'the same seed gives the same articles; fewer are the beginning of more')
        .argParser(parseSeed)
        .default(1),
    )
    .addOption(new Option('--per-day <number>', 'how many a day').argParser(parseLargeCount).default(1000))
    .option('--out <file>', 'write to this file, gzipped when it ends in .gz (default: standard output)')
    .action(async (flags: GenerateFlags) => {
      const { generateCommand } = await import('./generate.ts')
      await generateCommand(flags, signal)
    })

  program
    .command('evaluate')
    .description('how good the rails of a source are, against what its own data says belongs in them')
    .argument('<source>', 'a file, folder or address as for ingest, or a store URL such as sqlite:news.db')
    .addOption(
      new Option('--against <field>', 'measure against this field alone (default: each that the data has)').choices(
        truthNames,
      ),
    )
    .addOption(new Option('--format <format>', 'how it is printed').choices(['text', 'json']).default('text'))
    .option('--rules <file>', 'a JSON file of rules for rails, such as {"maxPerSource": 2}')
    .option('--html <file>', 'write a page with the figures and the worst misses, for an editor to read')
    .addOption(
      new Option('--misses <number>', 'how many of the worst misses are shown').argParser(parseCount).default(20),
    )
    .addOption(
      new Option('--seed <number>', 'of the draws that the intervals come from').argParser(parseSeed).default(1),
    )
    .option('--allow-private-addresses', optionSpecs.allowPrivateAddresses.help)
    .action(async (source: string, flags: EvaluateFlags) => {
      const { evaluateCommand } = await import('./evaluate.ts')
      exit(await evaluateCommand(source, flags, signal))
    })

  program
    .command('options', { hidden: true })
    .description('every option with its environment variable and default')
    .addHelpText('after', () => `\n${optionsHelp()}`)
    .action(() => {
      process.stdout.write(optionsHelp())
    })

  return program
}

export interface ServeFlags {
  readonly store?: string
  readonly port?: string
  readonly host?: string
  readonly workers?: string
  /** Given by the process that starts the workers, to each. */
  readonly worker?: string
  readonly role?: string
  readonly cache?: string
  readonly rehearse?: string
  readonly logLevel?: string
  readonly sample?: true
}

export interface IngestFlags {
  readonly store?: string
  readonly dryRun?: true
  readonly rejects?: string
  readonly republish?: true
  readonly mapping?: string
  /** Milliseconds. */
  readonly every?: number
  readonly concurrency: number
  readonly allowPrivateAddresses?: true
}

export interface TakedownFlags {
  readonly store?: string
  readonly verify?: true
  readonly node: readonly string[]
  /** Seconds. */
  readonly within: number
  readonly format: 'text' | 'json'
}

export interface DoctorFlags {
  readonly store?: string
  readonly cache?: string
  readonly format: 'text' | 'json'
}

export interface RelatedFlags {
  readonly id?: string
  readonly all?: true
  readonly limit: number
  readonly explain?: true
  readonly whyNot?: string
  readonly rules?: string
  /** As they were given: two are wanted. */
  readonly diff?: readonly string[]
  readonly format: 'text' | 'jsonl'
  readonly allowPrivateAddresses?: true
}

export interface ReportFlags {
  readonly store?: string
  readonly on?: string
  readonly data?: string
  readonly out: string
  readonly seconds?: number
  readonly modes?: string[]
  readonly full?: true
  readonly articles?: number
}

export interface GenerateFlags {
  readonly articles: number
  readonly seed: number
  readonly perDay: number
  /** A file; gzip when it ends in `.gz`. Default: standard output. */
  readonly out?: string
}

export interface EvaluateFlags {
  readonly against?: TruthName
  readonly format: 'text' | 'json'
  readonly rules?: string
  readonly html?: string
  readonly misses: number
  readonly seed: number
  readonly allowPrivateAddresses?: true
}

/** The command line's store when none is named: a file in the current folder, so that `ingest` and `serve` meet. */
export const defaultStoreUrl = 'sqlite:onward.db'

/** Somebody pressed Ctrl-C, or the system asked the process to end. */
export class Interrupted extends OnwardError {
  constructor() {
    super('INTERRUPTED', 'Stopped.')
  }
}

function storeOption(): Option {
  return new Option('--store <url>', `where articles are kept (default: $ONWARD_STORE, else ${defaultStoreUrl})`)
}

function failed(error: unknown, signal: AbortSignal): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  if (signal.reason instanceof ReaderLeft) return 0
  // main() says it, once all has been written or not.
  if (signal.reason instanceof OutputError) return 1
  if (signal.aborted) {
    process.stderr.write('onward: stopped.\n')
    return 130
  }
  if (error instanceof OnwardError) {
    process.stderr.write(`onward: ${error.message}\n`)
    return error.code === 'INVALID_OPTION' || error.code === 'INVALID_REQUEST' ? 2 : 1
  }
  // Not one of ours: the stack is what whoever reports it will be asked for.
  process.stderr.write(
    `onward: an unexpected error, please report it.\n${error instanceof Error ? error.stack : String(error)}\n`,
  )
  return 1
}

/** `90s`, `5m`, `1h` in milliseconds, from a second to a day. */
function parseTime(given: string): number {
  const [, amount, unit] = /^(\d+)(s|m|h)$/.exec(given) ?? []
  const ms = Number(amount) * (unit === 'h' ? 3_600_000 : unit === 'm' ? 60_000 : 1000)
  if (!(ms >= 1000 && ms <= 86_400_000))
    throw new InvalidArgumentError('Expected a time from 1s to 24h, such as 90s, 5m or 1h.')
  return ms
}

function parseCount(given: string): number {
  const count = Number(given)
  if (!Number.isInteger(count) || count < 1 || count > 100)
    throw new InvalidArgumentError('Expected a whole number from 1 to 100.')
  return count
}

function parseSeconds(given: string): number {
  const seconds = Number(given)
  if (!/^\d+$/.test(given) || seconds < 1 || seconds > 3600)
    throw new InvalidArgumentError('Expected a whole number of seconds from 1 to 3600.')
  return seconds
}

function parseLargeCount(given: string): number {
  const count = Number(given)
  if (!/^\d+$/.test(given) || count < 1 || count > 100_000_000)
    throw new InvalidArgumentError('Expected a whole number from 1 to 100000000.')
  return count
}

function parseSeed(given: string): number {
  const seed = Number(given)
  if (!/^\d+$/.test(given) || seed > 0xffff_ffff)
    throw new InvalidArgumentError('Expected a whole number from 0 to 4294967295.')
  return seed
}

/** Of onward, from its manifest. */
export function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  return (manifest as { version: string }).version
}

function optionsHelp(): string {
  const rows = Object.values(optionSpecs).map(
    (spec) => `  ${spec.env}\n      ${spec.help}${spec.default === null ? '' : ` Default: ${String(spec.default)}.`}\n`,
  )
  return `Environment variables; a flag of a command wins over them.\n\n${rows.join('')}`
}

const tour = `
A first look, with nothing prepared:
  onward serve --sample                          the sample newsroom on http://127.0.0.1:3000/

Your own articles, without a server:
  onward related articles.jsonl --id 42          what is related to article 42, and why
  onward related https://news.example/feed.xml --all
  onward evaluate articles.jsonl                 how good that is, against "story" or "related" in the data

Your own site:
  onward ingest articles.jsonl feeds/ https://news.example/feed.xml
  onward serve                                   the same store, ${defaultStoreUrl} in this folder
  onward ingest https://news.example/feed.xml --every 5m
  onward ingest mysql://reader@db.example/blog --mapping wordpress --every 1m
  onward takedown 42 --verify --node http://127.0.0.1:3000

When something is wrong with the store:
  onward doctor --store postgres://onward@db.example/news

What it changes, measured and drawn:
  onward report                                  before and after, on generated articles; under five minutes
  onward report --data articles.jsonl            on yours

An article is one JSON object a line: {"id":"42","title":"…","body":"…","publishedAt":"2026-11-02T09:30:00Z"}.
Only id, and title or body, are required.

  onward help COMMAND      a command and its flags
  onward options           the environment variables
`
